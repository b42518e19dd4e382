// Where the readers leave what is wrong and where things stood, so that later rules, which only
// know paths, can be told with line and column, and are not told at all about what already failed.
//
// Two paths belong to a node: the canonical one ("l3vnis[2].vni", an index into the merged
// configuration) and the shown one, which names what the user wrote ("L3VNI/red.spec.vni" in a
// Kubernetes document).
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_error.h"
#include "config/document.h"

namespace perd::config {

struct Place {
  const Node* node = nullptr;
  std::string canon;
  std::string shown;

  [[nodiscard]] Place child(std::string_view key, const Node& value) const;
  [[nodiscard]] Place item(std::size_t index) const;  // of a sequence
};

class Diagnostics {
 public:
  explicit Diagnostics(std::vector<std::string> files) : files_(std::move(files)) {}

  // A fault of a value that was read: its rules are not checked again.
  void error(const Place& place, std::string message);
  // The same at another position (a key) below the place.
  void error_at(Position at, const Place& place, std::string message);
  // A fault of a whole file or of an environment variable.
  void error_of(std::string file, Position at, std::string path, std::string message);
  // A rule over several values, by canonical path. Silent when a value it depends on failed.
  void rule(std::string_view canon, std::string message);

  void seen(const Place& place);
  // "l3vnis[0].vni (per.yaml:12)".
  [[nodiscard]] std::string where(std::string_view canon) const;
  // A document could not be read: nothing can be said about what is absent. Rules ask for
  // failed(kDocuments).
  void set_incomplete() { failed_.emplace(kDocuments); }
  static constexpr std::string_view kDocuments = "documents";
  [[nodiscard]] bool failed(std::string_view canon) const;
  [[nodiscard]] bool empty() const { return errors_.empty(); }
  [[nodiscard]] const std::string& file(std::uint32_t index) const { return files_[index]; }

  // Sorted by file, line, column, path.
  [[nodiscard]] std::vector<ConfigError> take();

 private:
  struct Origin {
    Position at;
    std::string shown;
  };
  struct Fault {
    Position at;
    ConfigError error;
  };
  [[nodiscard]] Origin origin_of(std::string_view canon) const;

  std::vector<std::string> files_;
  std::vector<Fault> errors_;
  std::map<std::string, Origin, std::less<>> origins_;
  std::set<std::string, std::less<>> failed_;
};

}  // namespace perd::config
