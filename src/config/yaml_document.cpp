#include "config/yaml_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>

#include "config/draft.h"
#include "config/object_reader.h"

namespace perd::config {
namespace {

constexpr std::size_t kLibraryMessageMax = 200;

// What ends the parsing of a file, with its place. Never leaves this file.
struct Refusal {
  Position at;
  std::string message;
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::uint32_t file) : file_(file) {}

  void OnDocumentStart(const YAML::Mark&) override {
    anchors_.clear();
    open_.clear();
    root_ = Node{};
  }
  void OnDocumentEnd() override { documents.push_back(std::move(root_)); }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    put(leaf(mark, Node::Kind::kNull), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end()) throw Refusal{position(mark), "an alias inside its own anchor"};
    Node copy = it->second;
    copy.at = position(mark);
    count(size_of(copy) - 1, mark);
    put(std::move(copy), 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = leaf(mark, Node::Kind::kScalar);
    node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!node.quoted && tag != "?" && !tag.empty()) refuse_tag(mark, tag);
    node.text = value;
    put(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(mark, tag, anchor, Node::Kind::kSequence);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(mark, tag, anchor, Node::Kind::kMap);
  }
  void OnMapEnd() override { end(); }

  std::vector<Node> documents;

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
  };

  [[nodiscard]] Position position(const YAML::Mark& mark) const {
    return {file_, static_cast<std::uint32_t>(mark.line + 1),
            static_cast<std::uint32_t>(mark.column + 1)};
  }
  [[nodiscard]] Node leaf(const YAML::Mark& mark, Node::Kind kind) const {
    Node node;
    node.kind = kind;
    node.at = position(mark);
    return node;
  }
  [[noreturn]] void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    throw Refusal{position(mark), "the tag '" + shown_text(tag) + "' means nothing here"};
  }
  static std::size_t size_of(const Node& node) {
    std::size_t n = 1;
    for (const Node& item : node.items) n += size_of(item);
    return n;
  }
  void count(std::size_t nodes, const YAML::Mark& mark) {
    nodes_ += nodes;
    if (nodes_ > kNodesMax) throw Refusal{position(mark), "more than 1000000 values"};
  }
  void start(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
             Node::Kind kind) {
    if (tag != "?" && tag != "!" && !tag.empty()) refuse_tag(mark, tag);
    if (open_.size() >= kDepthMax) throw Refusal{position(mark), "nested deeper than 64 levels"};
    count(1, mark);
    open_.push_back({leaf(mark, kind), anchor});
  }
  void end() {
    Open done = std::move(open_.back());
    open_.pop_back();
    place(std::move(done.node), done.anchor);
  }
  void put(Node node, YAML::anchor_t anchor) {
    YAML::Mark mark;
    mark.line = static_cast<int>(node.at.line) - 1;
    mark.column = static_cast<int>(node.at.column) - 1;
    count(1, mark);
    place(std::move(node), anchor);
  }
  void place(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      Node& parent = open_.back().node;
      // An empty value has no place of its own: the parser is at the next token by then.
      if (node.is_null() && parent.is_map() && parent.items.size() % 2 == 1) {
        node.at = parent.items.back().at;
      }
      parent.items.push_back(std::move(node));
    }
  }

  std::uint32_t file_;
  std::size_t nodes_ = 0;
  Node root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
};

void refuse(Position at, std::string message, Diagnostics& diagnostics) {
  diagnostics.error_of(diagnostics.file(at.file), at, "", std::move(message));
  diagnostics.set_incomplete();
}

}  // namespace

std::vector<Node> parse_yaml(const std::string& text, std::uint32_t file,
                             Diagnostics& diagnostics) {
  if (text.size() > kFileOctetsMax) {
    refuse({file, 0, 0}, "longer than 16 MiB", diagnostics);
    return {};
  }
  TreeBuilder builder{file};
  try {
    std::istringstream in{text};
    YAML::Parser parser{in};
    while (parser.HandleNextDocument(builder)) {
      if (builder.documents.size() > kDocumentsMax) {
        throw Refusal{{file, 0, 0}, "more than 10000 documents"};
      }
    }
  } catch (const YAML::Exception& e) {
    const Position at{file, static_cast<std::uint32_t>(e.mark.line + 1),
                      static_cast<std::uint32_t>(e.mark.column + 1)};
    // The library quotes what it found, be it a newline.
    refuse(at, "not YAML: " + shown_text(e.msg, kLibraryMessageMax), diagnostics);
  } catch (const Refusal& r) {
    refuse(r.at, r.message, diagnostics);
  }
  return std::move(builder.documents);
}

}  // namespace perd::config
