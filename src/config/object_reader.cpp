#include "config/object_reader.h"

#include <algorithm>

namespace perd::config {
namespace {

// Insertions, deletions, replacements, and two neighbouring letters exchanged: one each.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + cost});
      const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (exchanged) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string join_words(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace

std::string shown_text(std::string_view text, std::size_t longest) {
  std::string out;
  for (const char c : text.substr(0, longest)) {
    out += (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) ? '?' : c;
  }
  if (text.size() > longest) out += "...";
  return out;
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kScalar:
      return "'" + shown_text(node.text) + "'";
    case Node::Kind::kSequence:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
  }
  return "nothing";
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> names) {
  constexpr std::size_t kWordMax = 64;
  if (word.empty() || word.size() > kWordMax) return {};
  const std::string wanted = lower(word);
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view name : names) {
    const std::size_t distance = edit_distance(wanted, lower(name));
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

ObjectReader::ObjectReader(Place place, std::span<const KeySpec> keys, Diagnostics& diagnostics)
    : place_(std::move(place)), diagnostics_(&diagnostics) {
  diagnostics_->seen(place_);
  if (!usable()) {
    error("expected a map, found " + describe(*place_.node));
    return;
  }
  check_keys(keys);
}

void ObjectReader::check_keys(std::span<const KeySpec> keys) {
  const std::vector<Node>& items = place_.node->items;
  std::set<std::string_view> met;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    const Node& key = items[i];
    if (!key.is_scalar()) {
      diagnostics_->error_at(key.at, place_, "expected a name as key, found " + describe(key));
      continue;
    }
    const Place at = place_.child(shown_text(key.text), items[i + 1]);
    if (!met.insert(key.text).second) {
      diagnostics_->error_at(key.at, at, "duplicate key");
      continue;
    }
    check_key(key, at, keys);
  }
}

void ObjectReader::check_key(const Node& key, const Place& at, std::span<const KeySpec> keys) {
  std::vector<std::string_view> names;
  for (const KeySpec& spec : keys) {
    if (spec.name != key.text) {
      if (spec.status == KeyStatus::kTaken || spec.status == KeyStatus::kNotYet) {
        names.push_back(spec.name);
      }
      continue;
    }
    if (spec.status == KeyStatus::kTaken) {
      diagnostics_->seen(at);
    } else if (spec.status == KeyStatus::kNotYet) {
      diagnostics_->error_at(key.at, at, "not yet supported");
    } else if (spec.status == KeyStatus::kNever) {
      diagnostics_->error_at(key.at, at, "not supported: " + std::string{spec.reason});
    }
    return;
  }
  const std::string_view near = nearest(key.text, names);
  diagnostics_->error_at(key.at, at,
                         near.empty() ? "unknown key; known here: " + join_words(names)
                                      : "unknown key; did you mean '" + std::string{near} + "'?");
}

std::optional<Place> ObjectReader::get(std::string_view key) const {
  if (!usable()) return std::nullopt;
  const std::vector<Node>& items = place_.node->items;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i].is_scalar() && items[i].text == key) return place_.child(key, items[i + 1]);
  }
  return std::nullopt;
}

std::optional<Place> ObjectReader::require(std::string_view key, std::string_view expected) const {
  auto at = get(key);
  if (!at && usable()) {
    // Told at the start of the map that lacks it, under the path it would have.
    diagnostics_->error(place_.child(key, *place_.node),
                        "missing; expected " + std::string{expected});
  }
  return at;
}

std::vector<Place> ObjectReader::list(std::string_view key, std::size_t limit) const {
  const auto at = get(key);
  if (!at) return {};
  if (!at->node->is_sequence()) {
    diagnostics_->error(*at, "expected a list, found " + describe(*at->node));
    return {};
  }
  if (at->node->items.size() > limit) {
    diagnostics_->error(*at, "at most " + std::to_string(limit) + ", found " +
                                 std::to_string(at->node->items.size()));
    return {};
  }
  std::vector<Place> out;
  out.reserve(at->node->items.size());
  for (std::size_t i = 0; i < at->node->items.size(); ++i) {
    out.push_back(at->item(i));
  }
  return out;
}

}  // namespace perd::config
