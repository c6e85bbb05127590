// The entries of an object: a vector in order, and a hash index beside it when there are many.
#include <functional>

#include "machines/expression/big_integer.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/value.hpp"

namespace fleet::expression {
namespace {

/// Up to here comparing the keys one after the other is quicker than hashing.
constexpr std::size_t kFew = 12;

std::size_t hash_text(std::string_view text) {
    return std::hash<std::string_view>()(text);
}

}  // namespace

bool is_hashable(const Value& value) {
    if (value.is(Kind::tuple)) {
        for (const Value& item : value.as_list()) {
            if (!is_hashable(item)) {
                return false;
            }
        }
        return true;
    }
    return !value.is(Kind::list) && !value.is_dict();
}

std::size_t hash_of(const Value& value) {
    switch (value.kind()) {
        case Kind::string:
            return hash_text(value.as_string());
        case Kind::boolean:
        case Kind::integer:
        case Kind::floating:
            return std::hash<double>()(value.as_floating());
        case Kind::big_integer:
            return hash_of(value.as_big_integer());
        case Kind::tuple: {
            std::size_t result = 7;
            for (const Value& item : value.as_list()) {
                result = result * 31 + hash_of(item);
            }
            return result;
        }
        case Kind::object:
            return std::hash<const Object*>()(value.as_object().get());
        default:
            return 1;
    }
}

std::size_t Dict::position(std::string_view key, std::size_t hash) const {
    if (index_.empty()) {
        for (std::size_t at = 0; at < entries_.size(); ++at) {
            if (entries_[at].first.is_string() && entries_[at].first.as_string() == key) {
                return at;
            }
        }
        return kNone;
    }
    for (std::size_t slot = hash % index_.size(); index_[slot] != 0;
         slot = (slot + 1) % index_.size()) {
        const Value& candidate = entries_[index_[slot] - 1].first;
        if (candidate.is_string() && candidate.as_string() == key) {
            return index_[slot] - 1;
        }
    }
    return kNone;
}

std::size_t Dict::position(const Value& key, std::size_t hash) const {
    if (key.is_string()) {
        return position(std::string_view(key.as_string()), hash);
    }
    if (index_.empty()) {
        for (std::size_t at = 0; at < entries_.size(); ++at) {
            if (equal(entries_[at].first, key)) {
                return at;
            }
        }
        return kNone;
    }
    for (std::size_t slot = hash % index_.size(); index_[slot] != 0;
         slot = (slot + 1) % index_.size()) {
        if (equal(entries_[index_[slot] - 1].first, key)) {
            return index_[slot] - 1;
        }
    }
    return kNone;
}

const Value* Dict::find(std::string_view key) const {
    const std::size_t at = position(key, index_.empty() ? 0 : hash_text(key));
    return at == kNone ? nullptr : &entries_[at].second;
}

const Value* Dict::find(const Value& key) const {
    const std::size_t at = position(key, index_.empty() ? 0 : hash_of(key));
    return at == kNone ? nullptr : &entries_[at].second;
}

void Dict::set(Value key, Value value) {
    if (!is_hashable(key)) {
        fail(ErrorKind::type, "a " + type_name(key) + " cannot be the key of an object");
    }
    const std::size_t hash = hash_of(key);
    if (const std::size_t at = position(key, hash); at != kNone) {
        entries_[at].second = std::move(value);
        return;
    }
    entries_.emplace_back(std::move(key), std::move(value));
    add_to_index(hash, entries_.size() - 1);
}

void Dict::set(std::string_view key, Value value) {
    if (Value* const found = find_to_replace(key)) {
        *found = std::move(value);
    } else {
        append(key, std::move(value));
    }
}

Value* Dict::find_to_replace(std::string_view key) {
    const std::size_t at = position(key, index_.empty() ? 0 : hash_text(key));
    return at == kNone ? nullptr : &entries_[at].second;
}

void Dict::append(std::string_view key, Value value) {
    entries_.emplace_back(Value::string(std::string(key)), std::move(value));
    if (entries_.size() > kFew) {
        add_to_index(hash_text(key), entries_.size() - 1);
    }
}

bool Dict::erase(const Value& key) {
    return erase_at(position(key, index_.empty() ? 0 : hash_of(key)));
}

bool Dict::erase(std::string_view key) {
    return erase_at(position(key, index_.empty() ? 0 : hash_text(key)));
}

bool Dict::erase_at(std::size_t position) {
    if (position == kNone) {
        return false;
    }
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(position));
    rebuild_index();
    return true;
}

void Dict::add_to_index(std::size_t hash, std::size_t position) {
    if (entries_.size() <= kFew) {
        return;
    }
    if (entries_.size() * 2 > index_.size()) {
        rebuild_index();
        return;
    }
    std::size_t slot = hash % index_.size();
    while (index_[slot] != 0) {
        slot = (slot + 1) % index_.size();
    }
    index_[slot] = static_cast<std::uint32_t>(position + 1);
}

void Dict::rebuild_index() {
    index_.clear();
    if (entries_.size() <= kFew) {
        return;
    }
    index_.resize(entries_.size() * 4 + 1, 0);
    for (std::size_t at = 0; at < entries_.size(); ++at) {
        std::size_t slot = hash_of(entries_[at].first) % index_.size();
        while (index_[slot] != 0) {
            slot = (slot + 1) % index_.size();
        }
        index_[slot] = static_cast<std::uint32_t>(at + 1);
    }
}

}  // namespace fleet::expression
