// YAML through yaml-cpp's events: aliases, merge keys and limits are ours, so that each has its
// position and none costs more than its limit.
//
// node/node.h defines what parser.h only declares; nothing of it is used.
#include <algorithm>
#include <istream>
#include <streambuf>
#include <unordered_map>
#include <utility>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/node/node.h>
#include <yaml-cpp/parser.h>

#include "machines/config/document.hpp"
#include "machines/config/yaml_merge.hpp"
#include "machines/config/yaml_scalar.hpp"

namespace fleet::config {
namespace {

Position position(const YAML::Mark& mark) {
    return {mark.line + 1, mark.column + 1};
}

/// What a value costs when an alias repeats it.
struct Weight {
    std::size_t nodes = 1;
    std::size_t bytes = 0;
    std::size_t depth = 0;  ///< lists and mappings within each other
};

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

class TreeBuilder final : public YAML::EventHandler {
  public:
    TreeBuilder(const Limits& limits, Findings& findings) : limits_(limits), findings_(findings) {}

    Node root;

    void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        Node node;
        // An absent value has no place of its own; its key has.
        const bool is_member = !open_.empty() && open_.back().map && open_.back().map->has_key();
        node.at = is_member ? open_.back().map->key_at() : position(mark);
        charge({}, node.at);
        finish(std::move(node), {}, anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            throw Malformed{position(mark), "an alias stands inside the value that it names",
                            "a value cannot contain itself"};
        }
        has_alias_ = true;
        const Anchored& anchored = found->second;
        charge(anchored.weight, position(mark));
        Node copy = anchored.node;
        copy.at = position(mark);
        finish(std::move(copy), anchored.weight, 0);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node;
        node.at = position(mark);
        if (tag == "?") {
            Scalar scalar = resolve_plain_scalar(value);
            node.kind = scalar.kind;
            node.text = std::move(scalar.text);
            node.source = value;
        } else {
            apply_tag(node, tag, value);
        }
        const Weight weight{1, node.text.size() + node.source.size(), 0};
        charge(weight, node.at);
        finish(std::move(node), weight, anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        require_tag(mark, tag, "seq");
        begin(mark, anchor, Node::Kind::list);
    }
    void OnSequenceEnd() override { end(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        require_tag(mark, tag, "map");
        begin(mark, anchor, Node::Kind::map);
        open_.back().map.emplace();
    }
    void OnMapEnd() override {
        Open& open = open_.back();
        open.node.members = open.map->finish(findings_);
        end();
    }

  private:
    /// A list or mapping whose end has not come yet.
    struct Open {
        Node node;
        YAML::anchor_t anchor = 0;
        Weight weight;
        std::optional<MapBuilder> map;
    };
    struct Anchored {
        Node node;
        Weight weight;
    };

    void begin(const YAML::Mark& mark, YAML::anchor_t anchor, Node::Kind kind) {
        if (!open_.empty() && open_.back().map && !open_.back().map->has_key()) {
            throw Malformed{position(mark), "a key is " + std::string(name_of(kind)),
                            "write a text as the key"};
        }
        Open open;
        open.node.kind = kind;
        open.node.at = position(mark);
        open.anchor = anchor;
        require_depth(open_.size() + 1, open.node.at);
        charge({}, open.node.at);
        open_.push_back(std::move(open));
    }

    void end() {
        Open open = std::move(open_.back());
        open_.pop_back();
        ++open.weight.depth;
        finish(std::move(open.node), open.weight, open.anchor);
    }

    /// A whole value: becomes what its anchor names, and part of what is around it.
    void finish(Node node, const Weight& weight, YAML::anchor_t anchor) {
        require_depth(open_.size() + weight.depth, node.at);
        if (anchor != 0) {
            charge(weight, node.at);
            anchors_[anchor] = Anchored{node, weight};
        }
        if (open_.empty()) {
            root = std::move(node);
            return;
        }
        Open& open = open_.back();
        open.weight.nodes += weight.nodes;
        open.weight.bytes += weight.bytes;
        open.weight.depth = std::max(open.weight.depth, weight.depth);
        if (open.map) {
            open.map->add(std::move(node));
        } else {
            open.node.items.push_back(std::move(node));
        }
    }

    void require_depth(std::size_t depth, const Position& at) const {
        if (depth > limits_.depth) {
            throw Malformed{
                at, "values are nested more than " + std::to_string(limits_.depth) + " deep",
                "flatten them"};
        }
    }

    void charge(const Weight& weight, const Position& at) {
        spent_.nodes += weight.nodes;
        spent_.bytes += weight.bytes;
        const bool too_many = spent_.nodes > limits_.nodes;
        if (too_many || spent_.bytes > limits_.text_bytes) {
            const std::string what = too_many ? std::to_string(limits_.nodes) + " values"
                                              : std::to_string(limits_.text_bytes) + " bytes";
            throw Malformed{at,
                            "there are more than " + what +
                                (has_alias_ ? " once every alias is replaced by what it names"
                                            : " in the file"),
                            has_alias_ ? "use fewer aliases" : "pass data as input"};
        }
    }

    static void require_tag(const YAML::Mark& mark, const std::string& tag, const char* wanted) {
        const bool plain = tag == "?" || tag == "!" || tag.empty();
        if (!plain && tag != std::string(kTagPrefix) + wanted) {
            throw Malformed{position(mark), "the tag `" + tag + "` has no meaning here",
                            "remove it"};
        }
    }

    static void apply_tag(Node& node, const std::string& tag, const std::string& value) {
        const bool is_text = tag == "!" || tag == std::string(kTagPrefix) + "str";
        if (is_text) {
            node.kind = Node::Kind::text;
            node.text = value;
            return;
        }
        Scalar scalar = resolve_plain_scalar(value);
        const auto is = [&](const char* name, Node::Kind kind) {
            return tag == std::string(kTagPrefix) + name && scalar.kind == kind;
        };
        if (tag == std::string(kTagPrefix) + "float" && scalar.kind == Node::Kind::integer) {
            scalar = resolve_plain_scalar(scalar.text + ".0");
        }
        if (!is("null", Node::Kind::null) && !is("bool", Node::Kind::boolean) &&
            !is("int", Node::Kind::integer) && !is("float", Node::Kind::number)) {
            throw Malformed{node.at, "the tag `" + tag + "` has no meaning for this value",
                            "remove it, or quote the value"};
        }
        node.kind = scalar.kind;
        node.text = std::move(scalar.text);
    }

    const Limits& limits_;
    Findings& findings_;
    std::vector<Open> open_;
    std::unordered_map<YAML::anchor_t, Anchored> anchors_;
    Weight spent_{0, 0, 0};
    bool has_alias_ = false;
};

/// A stream over text that stays where it is.
class TextBuffer final : public std::streambuf {
  public:
    explicit TextBuffer(std::string_view text) {
        // The get area is never written to.
        char* const begin = const_cast<char*>(text.data());
        setg(begin, begin, begin + text.size());
    }
};

}  // namespace

Node parse_yaml(std::string_view text, const Limits& limits, Findings& findings) {
    TextBuffer buffer(text);
    std::istream in(&buffer);
    TreeBuilder builder(limits, findings);
    try {
        YAML::Parser parser(in);
        if (!parser.HandleNextDocument(builder)) {
            return Node{};
        }
        Node root = std::move(builder.root);
        TreeBuilder second(limits, findings);
        if (parser.HandleNextDocument(second)) {
            throw Malformed{second.root.at, "a second document begins",
                            "keep one document in the file"};
        }
        return root;
    } catch (const YAML::Exception& error) {
        const Position at = error.mark.is_null() ? Position{} : position(error.mark);
        throw Malformed{
            at, "the YAML cannot be read: " + error.msg,
            "look for a missing quote, bracket, colon or indentation before this place"};
    }
}

}  // namespace fleet::config
