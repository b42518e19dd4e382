#include "config/diagnostics.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace perd::config {
namespace {

std::string join(std::string_view parent, std::string_view key) {
  std::string out{parent};
  if (!out.empty()) out += '.';
  return out += key;
}

// Whether `path` is `parent` or lies beneath it.
bool beneath(std::string_view path, std::string_view parent) {
  if (parent.empty()) return true;
  if (path.substr(0, parent.size()) != parent) return false;
  return path.size() == parent.size() || path[parent.size()] == '.' || path[parent.size()] == '[';
}

}  // namespace

Place Place::child(std::string_view key, const Node& value) const {
  return {&value, join(canon, key), join(shown, key)};
}

Place Place::item(std::size_t index) const {
  const std::string suffix = "[" + std::to_string(index) + "]";
  return {&node->items[index], canon + suffix, shown + suffix};
}

void Diagnostics::error(const Place& place, std::string message) {
  error_at(place.node->at, place, std::move(message));
}

void Diagnostics::error_at(Position at, const Place& place, std::string message) {
  failed_.insert(place.canon);
  error_of(files_[at.file], at, place.shown, std::move(message));
}

void Diagnostics::error_of(std::string file, Position at, std::string path, std::string message) {
  errors_.push_back(
      {at, {std::move(file), at.line, at.column, std::move(path), std::move(message)}});
}

void Diagnostics::rule(std::string_view canon, std::string message) {
  if (failed(canon)) return;
  Origin origin = origin_of(canon);
  failed_.emplace(canon);
  error_of(files_[origin.at.file], origin.at, std::move(origin.shown), std::move(message));
}

void Diagnostics::seen(const Place& place) {
  origins_.insert_or_assign(place.canon, Origin{place.node->at, place.shown});
}

std::string Diagnostics::where(std::string_view canon) const {
  const Origin origin = origin_of(canon);
  return origin.shown + " (" + files_[origin.at.file] + ":" + std::to_string(origin.at.line) + ")";
}

bool Diagnostics::failed(std::string_view canon) const {
  for (auto it = failed_.lower_bound(canon); it != failed_.end(); ++it) {
    if (it->compare(0, canon.size(), canon) != 0) break;
    if (beneath(*it, canon)) return true;
  }
  for (std::string_view parent = canon; !parent.empty();) {
    const std::size_t cut = parent.find_last_of(".[");
    parent = cut == std::string_view::npos ? std::string_view{} : parent.substr(0, cut);
    if (!parent.empty() && failed_.contains(parent)) return true;
  }
  return false;
}

Diagnostics::Origin Diagnostics::origin_of(std::string_view canon) const {
  std::string_view known = canon;
  while (!known.empty()) {
    if (const auto it = origins_.find(known); it != origins_.end()) {
      return {it->second.at, it->second.shown + std::string{canon.substr(known.size())}};
    }
    const std::size_t cut = known.find_last_of(".[");
    known = cut == std::string_view::npos ? std::string_view{} : known.substr(0, cut);
  }
  return {{0, 1, 1}, std::string{canon}};
}

std::vector<ConfigError> Diagnostics::take() {
  std::stable_sort(errors_.begin(), errors_.end(), [](const Fault& a, const Fault& b) {
    return std::tie(a.at, a.error.path) < std::tie(b.at, b.error.path);
  });
  std::vector<ConfigError> out;
  out.reserve(errors_.size());
  for (Fault& fault : errors_) out.push_back(std::move(fault.error));
  errors_.clear();
  return out;
}

}  // namespace perd::config
