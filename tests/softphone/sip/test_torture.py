"""The torture messages of RFC 4475 that a telephone can meet."""

import pytest

from custom_components.ringcentral.softphone.sip.framing import Frame, FramingError, StreamFramer
from custom_components.ringcentral.softphone.sip.message import (
    MalformedMessageError,
    Message,
    Request,
    Response,
    parse_message,
)

VALID = {
    # 3.1.1.1
    "wsinv": b"""INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
Content-Length   : 150
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33

v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.3
s=-
c=IN IP4 192.0.2.4
t=0 0
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
""",
    # 3.1.1.2
    "intmeth": """!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0
Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~
To: "BEL:\a NUL:\\\x01 DEL:\\\x7f" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>
From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%="\u0440\u0430\u0431\u043e\u0442\u0430\u044e\u0449\u0438\u0439";tag=_token~1'+`*%!-.
Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/"][?}{
CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~
Max-Forwards: 255
extensionHeader-!.%*+_`'~:\ufeff\u5927\u505c\u96fb
Content-Length: 0

""".encode(),
    # 3.1.1.3
    "esc01": b"""INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0
To: sip:%75se%72@example.com
From: <sip:I%20have%20spaces@example.net>;tag=938
Max-Forwards: 87
i: esc01.239409asdfakjkn23onasd0-3234
CSeq: 234234 INVITE
Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw
C: application/sdp
Contact:
  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>
Content-Length: 5

v=0
""",
    # 3.1.1.4
    "escnull": b"""REGISTER sip:example.com SIP/2.0
To: sip:null-%00-null@example.com
From: sip:null-%00-null@example.com;tag=839923423
Max-Forwards: 70
Call-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd
CSeq: 14398234 REGISTER
Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw
Contact: <sip:%00@host5.example.com>
Contact: <sip:%00%00@host5.example.com>
L:0

""",
    # 3.1.1.5
    "esc02": b"""RE%47IST%45R sip:registrar.example.com SIP/2.0
To: "%Z%45" <sip:resource@example.com>
From: "%Z%45" <sip:resource@example.com>;tag=f232jadfj23
Call-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf
Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234
CSeq: 29344 RE%47IST%45R
Max-Forwards: 70
Contact: <sip:alias1@host1.example.com>
C%6Fntact: <sip:alias2@host2.example.com>
Contact: <sip:alias3@host3.example.com>
l: 0

""",
    # 3.1.1.6
    "lwsdisp": b"""OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: caller<sip:caller@example.com>;tag=323
Max-Forwards: 70
Call-ID: lwsdisp.1234abcd@funky.example.com
CSeq: 60 OPTIONS
Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw
l: 0

""",
    # 3.1.1.7
    "longreq": b"""INVITE sip:user@example.com SIP/2.0
To: "I have a user name of extreme"""
    + b" and unconventional length" * 40
    + b"""" <sip:user@example.com:6000;unknownparam1=very"""
    + b"long" * 80
    + b"""value>
F: sip:amazinglylongcallername"""
    + b"amazinglylongcallername" * 20
    + b"""@example.net;tag=12"""
    + b"982424" * 50
    + b""";unknownheaderparamname"""
    + b"longname" * 30
    + b"""=value
Call-ID: longreq.one"""
    + b"really" * 60
    + b"""longcallid
CSeq: 3882340 INVITE
"""
    + b"".join(b"v: SIP/2.0/TCP sip%d.example.com\n" % number for number in range(34, 0, -1))
    + b"""Max-Forwards: 70
Contact: <sip:amazinglylongcallername@host5.example.net>
l: 0

""",
    # 3.1.1.9
    "semiuri": b"""OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0
To: sip:j_user@example.com
From: sip:caller@example.org;tag=33242
Max-Forwards: 3
Call-ID: semiuri.0ha0isndaksdj
CSeq: 8 OPTIONS
Accept: application/sdp, application/pkcs7-mime, multipart/mixed
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw
l: 0

""",
    # 3.1.1.10
    "transports": b"""OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: <sip:caller@example.com>;tag=323
Max-Forwards: 70
Call-ID:  transports.kijh4akdnaqjkwendsasfdj
Accept: application/sdp
CSeq: 60 OPTIONS
Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw
Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf
Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj
Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en
Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee
l: 0

""",
    # 3.1.1.12
    "unreason": "SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e \u0434\u0435\u0432\u044f\u043d\u043e\u0441\u0442\u043e \u0434\u0435\u0432\u044f\u0442\u044c - \u043f\u0440\u043e\u0441\u0442\u043e\u0435\n"
    "Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\nCall-ID: unreason.1234ksdfak3j2erwedfsASdf\n"
    "CSeq: 35 INVITE\nFrom: sip:user@example.com;tag=11141343\nTo: sip:user@example.edu;tag=2229\n"
    "Content-Length: 0\n\n".encode(),
    # 3.1.1.13
    "noreason": b"""SIP/2.0 100\x20
Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe
Call-ID: noreason.asndj203insdf99223ndf
CSeq: 35 INVITE
From: <sip:user@example.com>;tag=39ansfi3
To: <sip:user@example.edu>;tag=902jndnke3
Content-Length: 0

""",
}
BINARY = bytes(range(256)) + b"\r\n\r\nINVITE sip:a@b SIP/2.0\r\n"
MPART01 = (
    b"MESSAGE sip:kumiko@example.org SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-d87543\r\n"
    b"From: <sip:fluffy@example.com>;tag=2fb0dcc9\r\nTo: <sip:kumiko@example.org>\r\nCall-ID: 3d9485ad0c49859b\r\n"
    b'CSeq: 1 MESSAGE\r\nContent-Type: multipart/mixed;boundary="7a9cbec02ceef655"\r\nContent-Length: %d\r\n\r\n%b'
) % (len(BINARY), BINARY)


def on_the_wire(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


def parse(stream: bytes) -> list[Message]:
    frames = [item for item in StreamFramer().feed(stream) if isinstance(item, Frame)]
    return [parse_message(frame.head, frame.body) for frame in frames]


def request(name: str) -> Request:
    (message,) = parse(on_the_wire(VALID[name]))
    assert isinstance(message, Request)
    return message


def response(name: str) -> Response:
    (message,) = parse(on_the_wire(VALID[name]))
    assert isinstance(message, Response)
    return message


def test_wsinv_blanks_and_folds_everywhere() -> None:
    message = request("wsinv")
    assert (message.method, message.uri) == ("INVITE", "sip:vivekg@chair-dnrc.example.com;unknownparam")
    assert (message.to.uri, message.to.tag) == ("sip:vivekg@chair-dnrc.example.com", "1918181833n")
    assert (message.from_.display_name, message.from_.tag) == ('J Rosenberg \\"', "98asjd8")
    assert (message.cseq.number, message.cseq.method) == (9, "INVITE")
    assert len(message.headers.get_all("Via")) == 2
    assert message.branch == "390skdjuw"
    assert message.headers.get("subject") == ""
    assert message.headers.get("newfangledheader") == "newfangled value continued newfangled value"
    (contact,) = message.contacts
    assert contact.display_name == 'Quoted string ""'
    assert contact.params == {"newparam": "newvalue", "secondparam": "", "q": "0.33"}
    assert len(message.body) == 150
    assert message.body.endswith(b"LPC\r\n")


def test_intmeth_every_character_there_is() -> None:
    message = request("intmeth")
    assert message.method == "!INTERESTING-METHOD0123456789_*+`.%INDEED'~" == message.cseq.method
    assert message.from_.tag == "_token~1'+`*%!-."
    assert message.from_.display_name == "token1~` token2'+_ token3*%!.-"
    assert message.branch == "z9hG4bK-.!%66*_+`'~"
    assert message.to.display_name.startswith("BEL:\a")
    assert message.headers.get("extensionHeader-!.%*+_`'~") == "\ufeff\u5927\u505c\u96fb"


def test_esc01_escapes_mean_characters() -> None:
    message = request("esc01")
    assert message.uri == "sip:sips%3Auser%40example.com@example.net"
    assert (message.to.user, message.from_.user) == ("user", "I have spaces")
    assert [contact.user for contact in message.contacts] == ["caller"]


def test_escnull_escaped_nulls_are_text() -> None:
    message = request("escnull")
    assert message.to.user == "null-\0-null"
    assert [contact.user for contact in message.contacts] == ["\0", "\0\0"]


def test_esc02_percent_signs_outside_a_uri_are_percent_signs() -> None:
    message = request("esc02")
    assert message.method == message.cseq.method == "RE%47IST%45R"
    assert message.to.display_name == "%Z%45"
    assert [contact.user for contact in message.contacts] == ["alias1", "alias3"]


def test_lwsdisp_a_name_without_a_blank_behind_it() -> None:
    assert request("lwsdisp").from_.display_name == "caller"


def test_longreq_long_values() -> None:
    message = request("longreq")
    assert len(message.headers.get_all("Via")) == 34
    assert message.to.host == "example.com"
    assert len(message.from_.tag) == 302
    assert len(message.to.display_name) > 1000


def test_dblreq_two_messages_are_two() -> None:
    first = on_the_wire(VALID["escnull"])
    messages = parse(first + on_the_wire(VALID["esc01"]))
    assert [message.cseq.method for message in messages] == ["REGISTER", "INVITE"]


def test_semiuri_a_semicolon_in_a_user() -> None:
    assert request("semiuri").uri == "sip:user;par=u%40example.net@example.com"


def test_transports_any_transport_in_a_via() -> None:
    message = request("transports")
    assert [value.split()[0] for value in message.headers.get_all("Via")] == [
        "SIP/2.0/UDP",
        "SIP/2.0/SCTP",
        "SIP/2.0/TLS",
        "SIP/2.0/UNKNOWN",
        "SIP/2.0/TCP",
    ]


def test_mpart01_a_binary_body_is_kept_to_the_byte() -> None:
    (message,) = parse(MPART01)
    assert message.body == BINARY


def test_unreason_a_reason_in_any_script() -> None:
    message = response("unreason")
    assert (message.status, message.reason.split()[-1]) == (200, "\u043f\u0440\u043e\u0441\u0442\u043e\u0435")


def test_noreason_a_reason_may_be_empty() -> None:
    message = response("noreason")
    assert (message.status, message.reason) == (100, "")


REST = b"""
To: <sip:j.user@example.com>
From: <sip:caller@example.net>;tag=134161461246
Max-Forwards: 7
Call-ID: broken.0ha0isndaksdjasdf3234nas
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw
l: 0

"""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"INVITE <sip:user@example.com> SIP/2.0 ;\x20" + REST, id="ltgtruri with more"),
        pytest.param(b"INVITE sip:user@example.com; lr SIP/2.0" + REST, id="lwsruri"),
        pytest.param(b"INVITE  sip:user@example.com  SIP/2.0" + REST, id="lwsstart"),
        pytest.param(b"OPTIONS sip:remote-target@example.com SIP/2.0  " + REST, id="trws"),
        pytest.param(b"OPTIONS sip:t.watson@example.org SIP/7.0" + REST, id="badvers"),
        pytest.param(b"SIP/2.0 4294967301 better not break the receiver" + REST, id="bigcode"),
        pytest.param(
            b"INVITE sip:a@b SIP/2.0" + REST.replace(b"CSeq: 8 INVITE", b"CSeq 8 INVITE"), id="no colon"
        ),
        pytest.param(b"INVITE sip:a@b SIP/2.0" + REST.replace(b"l: 0", b"Content-Length: -999"), id="ncl"),
        pytest.param(
            b"INVITE sip:a@b SIP/2.0" + REST.replace(b"l: 0", b"l: 9999\nl: 3"), id="multi01 lengths"
        ),
        pytest.param(b"INVITE sip:a@b SIP/2.0" + REST.replace(b"l: 0\n", b""), id="no length on a stream"),
    ],
)
def test_what_is_broken_is_refused_with_our_own_errors(text: bytes) -> None:
    with pytest.raises((MalformedMessageError, FramingError)):
        parse(on_the_wire(text))


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        pytest.param(b"CSeq: 8", b"CSeq: 36893488147419103232", "cseq", id="scalar02"),
        pytest.param(b"CSeq: 8 INVITE", b"X: y", "cseq", id="insuf without CSeq"),
        pytest.param(b"To: <sip:j.user@example.com>", b"X: y", "to", id="insuf without To"),
        pytest.param(
            b"To: <sip:j.user@example.com>", b'To: "Mr. J. User <sip:j.user@example.com', "to", id="quotbal"
        ),
        pytest.param(b"From: <sip:caller@example.net>", b"From: Bell, Alexander", "from_", id="baddn"),
    ],
)
def test_a_broken_field_is_refused_when_it_is_read(old: bytes, new: bytes, field: str) -> None:
    text = b"INVITE sip:a@b SIP/2.0" + REST.replace(old, new)
    (message,) = parse(on_the_wire(text))
    with pytest.raises(MalformedMessageError):
        getattr(message, field)
