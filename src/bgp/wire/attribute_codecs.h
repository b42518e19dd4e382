// The decode and encode functions behind the rows of attribute_table.cpp, one pair per attribute.
// Internal to bgp/wire.
#pragma once

#include <optional>

#include "bgp/wire/update_state.h"
#include "perd/bytes.h"

namespace perd::wire {

using FaultOrNone = std::optional<AttributeFaultKind>;

[[nodiscard]] FaultOrNone decode_origin(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_as_path_attribute(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_next_hop(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_med(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_local_pref(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_atomic_aggregate(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_aggregator(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_communities(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_originator_id(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_cluster_list(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_mp_reach(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_mp_unreach(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_extended_communities(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_as4_path(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_as4_aggregator(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_pmsi_tunnel(Reader value, UpdateState& state);
[[nodiscard]] FaultOrNone decode_large_communities(Reader value, UpdateState& state);

[[nodiscard]] bool encode_origin(const PathAttributes& a, const CodecContext& c, Writer& w);
[[nodiscard]] bool encode_as_path_attribute(const PathAttributes& a, const CodecContext& c,
                                            Writer& w);
[[nodiscard]] bool encode_next_hop(const PathAttributes& a, const CodecContext& c, Writer& w);
[[nodiscard]] bool encode_med(const PathAttributes& a, const CodecContext& c, Writer& w);
[[nodiscard]] bool encode_local_pref(const PathAttributes& a, const CodecContext& c, Writer& w);
[[nodiscard]] bool encode_atomic_aggregate(const PathAttributes& a, const CodecContext& c,
                                           Writer& w);
[[nodiscard]] bool encode_aggregator(const PathAttributes& a, const CodecContext& c, Writer& w);
[[nodiscard]] bool encode_communities(const PathAttributes& a, const CodecContext& c, Writer& w);
[[nodiscard]] bool encode_originator_id(const PathAttributes& a, const CodecContext& c, Writer& w);
[[nodiscard]] bool encode_cluster_list(const PathAttributes& a, const CodecContext& c, Writer& w);
[[nodiscard]] bool encode_extended_communities(const PathAttributes& a, const CodecContext& c,
                                               Writer& w);
[[nodiscard]] bool encode_as4_path(const PathAttributes& a, const CodecContext& c, Writer& w);
[[nodiscard]] bool encode_as4_aggregator(const PathAttributes& a, const CodecContext& c, Writer& w);
[[nodiscard]] bool encode_pmsi_tunnel(const PathAttributes& a, const CodecContext& c, Writer& w);
[[nodiscard]] bool encode_large_communities(const PathAttributes& a, const CodecContext& c,
                                            Writer& w);

}  // namespace perd::wire
