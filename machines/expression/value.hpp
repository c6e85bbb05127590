// The values of contexts, expressions and templates, with the distinctions that the family's
// definitions rely on: null, boolean, integer, float, string, list, tuple, ordered object, and
// `undefined` (a name or member that a template did not find).
//
// Copies are cheap: strings, lists and objects are shared and never change while they are shared,
// so values may be read by several threads at once. Integers are exact: one that leaves 64 bits
// goes on as a big integer (machines/expression/big_integer.hpp), one that fits them never is one.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fleet::expression {

class Value;
class Dict;
struct BigInteger;
using List = std::vector<Value>;
using SharedText = std::shared_ptr<const std::string>;

enum class Kind {
    undefined,
    null,
    boolean,
    integer,
    big_integer,  ///< one that 64 bits do not hold
    floating,
    string,
    list,
    tuple,
    dict,
    object,
};

/// What only a running template knows: a loop, a namespace, a generator, a macro.
class Object {
  public:
    Object() = default;
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;
    virtual ~Object() = default;
    [[nodiscard]] virtual std::string type_name() const = 0;
    [[nodiscard]] virtual std::string text() const = 0;
    /// Undefined if there is none.
    [[nodiscard]] virtual Value attribute(std::string_view name) const;
    /// The items, if it can be iterated; null if not. Valid as long as the object.
    [[nodiscard]] virtual const List* items() const { return nullptr; }
};

/// Nested deeper than kMaxDepth, or of more than kMaxWeight characters and elements (shared parts
/// count each time), a value is refused: printing and comparing stay bounded.
inline constexpr std::uint32_t kMaxDepth = 500;
inline constexpr std::uint64_t kMaxWeight = std::uint64_t{1} << 26U;

class Value {
  public:
    Value() = default;  ///< null
    static Value undefined(SharedText what = nullptr);
    static Value boolean(bool value);
    static Value integer(std::int64_t value);
    static Value big_integer(std::shared_ptr<const BigInteger> number);
    static Value floating(double value);
    static Value string(std::string text);
    static Value string(SharedText text);
    static Value list(List items);
    static Value tuple(List items);
    static Value dict(Dict entries);
    static Value object(std::shared_ptr<const Object> object);

    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool is(Kind kind) const noexcept { return kind_ == kind; }
    [[nodiscard]] bool is_undefined() const noexcept { return kind_ == Kind::undefined; }
    [[nodiscard]] bool is_null() const noexcept { return kind_ == Kind::null; }
    [[nodiscard]] bool is_string() const noexcept { return kind_ == Kind::string; }
    [[nodiscard]] bool is_dict() const noexcept { return kind_ == Kind::dict; }
    /// Integer of 64 bits or boolean, which counts as 0 or 1 in arithmetic.
    [[nodiscard]] bool is_integral() const noexcept;
    /// Integer of any size or boolean.
    [[nodiscard]] bool is_whole() const noexcept { return is_integral() || is(Kind::big_integer); }
    [[nodiscard]] bool is_number() const noexcept { return is_whole() || is(Kind::floating); }
    [[nodiscard]] bool is_list_like() const noexcept {
        return kind_ == Kind::list || kind_ == Kind::tuple;
    }

    // Each is only for values of that kind.
    [[nodiscard]] bool as_boolean() const;
    [[nodiscard]] std::int64_t as_integer() const;  ///< of 64 bits, or boolean
    [[nodiscard]] const BigInteger& as_big_integer() const;
    /// Any number, rounded to the nearest; infinite for an integer beyond every float.
    [[nodiscard]] double as_floating() const;
    [[nodiscard]] const std::string& as_string() const;
    [[nodiscard]] const List& as_list() const;  ///< list or tuple
    [[nodiscard]] const Dict& as_dict() const;
    [[nodiscard]] const std::shared_ptr<const Object>& as_object() const;
    /// What was not found; may be empty.
    [[nodiscard]] std::string undefined_name() const;

    /// The member of an object, or null pointer: also for everything that is no object.
    [[nodiscard]] const Value* find(std::string_view key) const;
    /// Sets a member of an object (this must be one). Copies the object's entries only when they
    /// are shared with another value.
    void set(std::string_view key, Value value);
    /// Whether there was one.
    bool erase(std::string_view key);

    [[nodiscard]] std::uint64_t weight() const;
    [[nodiscard]] std::uint32_t depth() const;
    /// Whether both are the same shared string, list or object.
    [[nodiscard]] bool same_storage(const Value& other) const;

  private:
    struct ListData;
    struct DictData;
    using Storage = std::variant<std::monostate, bool, std::int64_t, double, SharedText,
                                 std::shared_ptr<const ListData>, std::shared_ptr<DictData>,
                                 std::shared_ptr<const Object>, std::shared_ptr<const BigInteger>>;
    Value(Kind kind, Storage storage) : storage_(std::move(storage)), kind_(kind) {}
    DictData& own_dict();

    Storage storage_;
    Kind kind_ = Kind::null;
};

/// Entries in the order in which their keys came first. Keys are strings, in templates also
/// numbers, booleans, null and tuples of these. Lookup is by hash once there are more than a few.
class Dict {
  public:
    using Entry = std::pair<Value, Value>;

    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] const Value* find(std::string_view key) const;
    [[nodiscard]] const Value* find(const Value& key) const;
    void reserve(std::size_t count) { entries_.reserve(count); }
    /// Replaces the value of an equal key, which keeps its place. The key must be hashable.
    void set(Value key, Value value);
    void set(std::string_view key, Value value);
    bool erase(const Value& key);
    bool erase(std::string_view key);
    /// The value of a key to be replaced, which stays where it is until the entries change; null
    /// pointer if there is none.
    [[nodiscard]] Value* find_to_replace(std::string_view key);
    /// A key that is not there yet.
    void append(std::string_view key, Value value);

  private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    [[nodiscard]] std::size_t position(std::string_view key, std::size_t hash) const;
    [[nodiscard]] std::size_t position(const Value& key, std::size_t hash) const;
    void add_to_index(std::size_t hash, std::size_t position);
    bool erase_at(std::size_t position);
    void rebuild_index();

    std::vector<Entry> entries_;
    /// Open addressing: place of an entry plus one, 0 is free. Empty for few entries.
    std::vector<std::uint32_t> index_;
};

[[nodiscard]] bool is_hashable(const Value& value);
/// Equal values have equal hashes, also 1, 1.0 and true.
[[nodiscard]] std::size_t hash_of(const Value& value);
/// By their exact values, also an integer beside a float; NaN is unordered.
[[nodiscard]] std::partial_ordering compare_numbers(const Value& left, const Value& right);
/// As `==`: numbers by value, strings, lists and objects by content.
[[nodiscard]] bool equal(const Value& left, const Value& right);
/// "integer", "list", ... for messages.
[[nodiscard]] std::string type_name(const Value& value);

}  // namespace fleet::expression
