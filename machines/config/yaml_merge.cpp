#include "machines/config/yaml_merge.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <unordered_map>
#include <utility>

#include "machines/config/document.hpp"

namespace fleet::config {
namespace {

/// The words of booleans stay as they were written, so that a state may be named `on`.
std::string key_text(const Node& key) {
    if (key.kind == Node::Kind::boolean && !key.source.empty()) {
        return key.source;
    }
    return key.is_null() ? "null" : key.text;
}

}  // namespace

void MapBuilder::add(Node node) {
    if (!has_key_) {
        if (node.is_list() || node.is_map()) {
            throw Malformed{node.at, "a key is " + std::string(name_of(node.kind)),
                            "write a text as the key"};
        }
        is_merge_ = node.source == "<<";
        key_ = std::move(node);
        has_key_ = true;
        return;
    }
    has_key_ = false;
    if (is_merge_) {
        add_merged(std::move(node));
    } else {
        own_.push_back({key_text(key_), key_.at, std::move(node)});
    }
}

void MapBuilder::add_merged(Node value) {
    std::vector<Node> maps;
    if (value.is_list()) {
        maps = std::move(value.items);
    } else {
        maps.push_back(std::move(value));
    }
    // The first of several counts most.
    std::ranges::reverse(maps);
    for (Node& map : maps) {
        if (!map.is_map()) {
            throw Malformed{map.at, "`<<` merges " + std::string(name_of(map.kind)),
                            "it needs a mapping or a list of mappings"};
        }
        std::move(map.members.begin(), map.members.end(), std::back_inserter(merged_));
    }
}

std::vector<Member> MapBuilder::finish(Findings& findings) {
    std::vector<Member> members;
    std::unordered_map<std::string, std::size_t> places;
    const auto put = [&](Member member) {
        const auto [place, is_new] = places.emplace(member.key, members.size());
        if (is_new) {
            members.push_back(std::move(member));
        } else {
            members[place->second].at = member.at;
            members[place->second].value = std::move(member.value);
        }
    };
    for (Member& member : merged_) {
        put(std::move(member));
    }
    std::unordered_map<std::string, int> lines;
    for (Member& member : own_) {
        const auto [first, is_new] = lines.emplace(member.key, member.at.line);
        if (!is_new) {
            findings.warn({member.at, {}},
                          "the key `" + member.key + "` was given in line " +
                              std::to_string(first->second) + " already; the last one counts",
                          "remove one of them");
        }
        put(std::move(member));
    }
    return members;
}

}  // namespace fleet::config
