// Goal: headers, NOTIFICATION and ROUTE-REFRESH: every error of RFC 4271 6.1 and RFC 7313 5 with
// its subcode and data, every name, and texts of peers that cannot harm a terminal.
#include "bgp/wire/wire_support.h"

namespace perd::wire::test {
namespace {

const std::string kMarker(32, 'f');

TEST(Header, Checks) {
  struct Case {
    const char* name;
    std::string header;
    bool extended;
    unsigned subcode;  // 0: good
    const char* data;
  };
  const Case cases[] = {
      {"keepalive", kMarker + "001304", false, 0, ""},
      {"keepalive too long", kMarker + "001404", false, 2, "0014"},
      {"marker", "fe" + kMarker.substr(2) + "001304", false, 1, ""},
      {"marker before length", "fe" + kMarker.substr(2) + "000004", false, 1, ""},
      {"18 octets", kMarker + "001204", false, 2, "0012"},
      {"zero octets", kMarker + "000002", false, 2, "0000"},
      {"4096 octets", kMarker + "100002", false, 0, ""},
      {"4097 octets", kMarker + "100102", false, 2, "1001"},
      {"4097 octets, extended", kMarker + "100102", true, 0, ""},
      {"65535 octets, extended", kMarker + "ffff02", true, 0, ""},
      {"OPEN of 4097 octets, extended", kMarker + "100101", true, 2, "1001"},
      {"OPEN of 28 octets", kMarker + "001c01", false, 2, "001c"},
      {"OPEN of 29 octets", kMarker + "001d01", false, 0, ""},
      {"UPDATE of 22 octets", kMarker + "001602", false, 2, "0016"},
      {"UPDATE of 23 octets", kMarker + "001702", false, 0, ""},
      {"NOTIFICATION of 20 octets", kMarker + "001403", false, 2, "0014"},
      {"NOTIFICATION of 21 octets", kMarker + "001503", false, 0, ""},
      {"ROUTE-REFRESH of 22 octets", kMarker + "001605", false, 2, "0016"},
      {"ROUTE-REFRESH of 23 octets", kMarker + "001705", false, 0, ""},
      {"type 0", kMarker + "001300", false, 3, "00"},
      {"type 6", kMarker + "001306", false, 3, "06"},
      {"length before type", kMarker + "001206", false, 2, "0012"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto header = decode_header(from_hex(c.header), c.extended);
    ASSERT_EQ(header.has_value(), c.subcode == 0);
    if (header) continue;
    EXPECT_EQ(header.error().code, ErrorCode::kMessageHeader);
    EXPECT_EQ(header.error().subcode, c.subcode);
    EXPECT_EQ(to_hex(header.error().data), c.data);
  }
  EXPECT_FALSE(decode_header(from_hex(kMarker), false));
}

TEST(Header, Keepalive) {
  Octets out{1};  // appended, not replaced
  encode_keepalive(out);
  EXPECT_EQ(to_hex(out), "01" + kMarker + "001304");
}

TEST(RouteRefresh, BothWays) {
  for (const unsigned subtype : {0U, 1U, 2U, 3U, 255U}) {
    const RouteRefresh r{25, static_cast<std::uint8_t>(subtype), 70};
    Octets out;
    encode_route_refresh(r, out);
    EXPECT_EQ(out.size(), 23U);
    EXPECT_EQ(decode_route_refresh(body_of(out)), r);
  }
}

TEST(RouteRefresh, Lengths) {
  // ORF entries behind a request are skipped (RFC 5291), a demarcation must have none (RFC 7313 5).
  EXPECT_TRUE(decode_route_refresh(from_hex("0001000140000100")));
  EXPECT_TRUE(decode_route_refresh(from_hex("0001030140000100")));
  for (const char* body : {"0001010100", "00010201ffff"}) {
    const auto r = decode_route_refresh(from_hex(body));
    ASSERT_FALSE(r);
    EXPECT_EQ(to_string(r.error()), "ROUTE-REFRESH Message Error/Invalid Message Length");
    EXPECT_EQ(to_hex(body_of(r.error().data)), body);  // the whole message
  }
  const auto r = decode_route_refresh(from_hex("000101"));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error(), (Notification{ErrorCode::kMessageHeader, 2, {0, 22}}));
}

TEST(Notification, BothWays) {
  for (const Notification& n :
       {Notification{ErrorCode::kUpdate, 11, {}}, Notification{ErrorCode::kCease, 9, {6, 2}},
        Notification{static_cast<ErrorCode>(77), 200, {1, 2, 3}}}) {
    Octets out;
    encode_notification(n, out);
    EXPECT_EQ(decode_notification(body_of(out)), n);
    EXPECT_TRUE(decode_header(Bytes(out).first(kHeaderSize), false));
  }
  EXPECT_FALSE(decode_notification(from_hex("06")));
  Octets out;  // never longer than what any peer takes
  encode_notification({ErrorCode::kUpdate, 1, Octets(70000, 1)}, out);
  EXPECT_EQ(out.size(), kMaxMessage);
}

TEST(Notification, Names) {
  struct Case {
    unsigned code, subcode;
    const char* text;
  };
  const Case cases[] = {
      {1, 0, "Message Header Error"},
      {1, 1, "Message Header Error/Connection Not Synchronized"},
      {2, 2, "OPEN Message Error/Bad Peer AS"},
      {2, 0, "OPEN Message Error"},
      {2, 7, "OPEN Message Error/Unsupported Capability"},
      {3, 10, "UPDATE Message Error/Invalid Network Field"},
      {4, 0, "Hold Timer Expired"},
      {5, 3, "Finite State Machine Error/Unexpected Message in Established State"},
      {6, 2, "Cease/Administrative Shutdown"},
      {6, 7, "Cease/Connection Collision Resolution"},
      {6, 10, "Cease/BFD Down"},
      {6, 99, "Cease/99"},
      {7, 1, "ROUTE-REFRESH Message Error/Invalid Message Length"},
      {8, 0, "Send Hold Timer Expired"},
      {42, 0, "Error 42"},
      {42, 1, "Error 42/1"},
  };
  for (const Case& c : cases) {
    const Notification n{static_cast<ErrorCode>(c.code), static_cast<std::uint8_t>(c.subcode), {}};
    EXPECT_EQ(to_string(n), c.text);
  }
}

TEST(Notification, CeaseSubcodesHaveNames) {
  for (unsigned s = 1; s <= 9; ++s) {
    const Notification n = make_cease(static_cast<CeaseSubcode>(s), "text");
    EXPECT_EQ(to_string(n).find("Cease/"), 0U);
    EXPECT_EQ(to_string(n).find_first_of("0123456789"), std::string::npos) << to_string(n);
    // RFC 9003 2: only shutdown and reset carry a text.
    EXPECT_EQ(shutdown_text(n), s == 2 || s == 4 ? "text" : "");
    EXPECT_EQ(n.data.empty(), s != 2 && s != 4);
  }
}

TEST(Notification, ShutdownText) {
  const std::string long_text(300, 'a');
  const Notification cut = make_cease(CeaseSubcode::kAdministrativeShutdown, long_text);
  EXPECT_EQ(shutdown_text(cut), long_text.substr(0, 255));
  const std::string umlauts = std::string(254, 'a') + "\xc3\xa4";  // does not fit whole
  EXPECT_EQ(shutdown_text(make_cease(CeaseSubcode::kAdministrativeReset, umlauts)),
            std::string(254, 'a'));
  EXPECT_TRUE(make_cease(CeaseSubcode::kAdministrativeReset).data.empty());

  const auto text_of = [](std::string_view hex, CeaseSubcode s) {
    return shutdown_text({ErrorCode::kCease, static_cast<std::uint8_t>(s), from_hex(hex)});
  };
  const auto shutdown = CeaseSubcode::kAdministrativeShutdown;
  EXPECT_EQ(text_of("036f6b21", shutdown), "ok!");
  EXPECT_EQ(text_of("", shutdown), "");
  EXPECT_EQ(text_of("056f6b", shutdown), "");  // length beyond the data
  EXPECT_EQ(text_of("036f6b21", CeaseSubcode::kOutOfResources), "");
  EXPECT_EQ(text_of("0602026f6b", CeaseSubcode::kHardReset), "ok");  // RFC 8538 3
  EXPECT_EQ(text_of("0602", CeaseSubcode::kHardReset), "");          // as FRR sends it
  EXPECT_EQ(text_of("0400026f6b", CeaseSubcode::kHardReset), "");
  EXPECT_EQ(shutdown_text({ErrorCode::kHoldTimer, 2, from_hex("026f6b")}), "");
}

TEST(Notification, TextIsMadePrintable) {
  struct Case {
    const char* hex;
    const char* text;
  };
  const Case cases[] = {
      {"61", "a"},
      {"1b5b33316d", "?[31m"},  // no escape sequence reaches a terminal
      {"0a0d007f", "????"},
      {"c3a4", "\xc3\xa4"},              // two octets
      {"e282ac", "\xe2\x82\xac"},        // three
      {"f09f9880", "\xf0\x9f\x98\x80"},  // four
      {"c285", "?"},                     // a C1 control
      {"80", "?"},                       // lone continuation
      {"c3", "?"},                       // cut
      {"c061", "?a"},                    // overlong lead
      {"c328", "?("},
      {"e08080", "???"},  // overlong
      {"eda080", "???"},  // surrogate
      {"f0808080", "????"},
      {"f4908080", "????"},  // beyond U+10FFFF
      {"f5808080", "????"},
  };
  for (const Case& c : cases) {
    Octets data = from_hex(c.hex);
    data.insert(data.begin(), static_cast<std::uint8_t>(data.size()));
    EXPECT_EQ(shutdown_text({ErrorCode::kCease, 2, data}), c.text) << c.hex;
  }
}

}  // namespace
}  // namespace perd::wire::test
