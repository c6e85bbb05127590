// One YAML mapping while it is read: keys by name, merge keys (`<<`), the last duplicate wins.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "machines/config/diagnostic.hpp"
#include "machines/config/node.hpp"

namespace fleet::config {

class MapBuilder {
  public:
    /// A key has come and its value has not.
    [[nodiscard]] bool has_key() const { return has_key_; }
    [[nodiscard]] const Position& key_at() const { return key_.at; }

    /// The next key or value, in turn. Throws Malformed for a key that is a list or mapping and
    /// for a `<<` that is no mapping.
    void add(Node node);

    /// The members: merged ones first, overridden by the mapping's own. Duplicates are warned of.
    [[nodiscard]] std::vector<Member> finish(Findings& findings);

  private:
    void add_merged(Node value);

    bool has_key_ = false;
    bool is_merge_ = false;
    Node key_;
    std::vector<Member> merged_;  ///< the later overrides the earlier
    std::vector<Member> own_;
};

}  // namespace fleet::config
