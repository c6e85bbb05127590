// Filters that work on lists and objects.
#include <algorithm>

#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"
#include "machines/expression/utf8.hpp"
#include "machines/template/filters.hpp"
#include "machines/template/sequence.hpp"

namespace fleet::templates {

using expression::ErrorKind;
using expression::fail;
using expression::List;
using expression::truthy;
using expression::Value;

namespace {

bool less(const Value& left, const Value& right) {
    return expression::compare(expression::Comparison::less, left, right);
}

/// What is compared: the item or its attribute, text without its case unless that counts.
Value key_of(const Value& item, const Value* attribute, bool case_sensitive) {
    Value key = attribute == nullptr || attribute->is_null() ? item : path_of(item, *attribute);
    return key.is_string() && !case_sensitive ? text_value(expression::lower_case(key.as_string()))
                                              : key;
}

List sorted(List items, const Value* attribute, bool case_sensitive, bool reverse) {
    std::vector<std::pair<Value, Value>> keyed;
    keyed.reserve(items.size());
    for (Value& item : items) {
        Value key = key_of(item, attribute, case_sensitive);
        keyed.emplace_back(std::move(key), std::move(item));
    }
    std::ranges::stable_sort(keyed, [&](const auto& left, const auto& right) {
        return reverse ? less(right.first, left.first) : less(left.first, right.first);
    });
    List result;
    for (auto& [key, item] : keyed) {
        result.push_back(std::move(item));
    }
    return result;
}

Value filter_first(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    const List items = items_of(subject);
    return items.empty() ? Value::undefined() : items.front();
}

Value filter_last(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    const List items = items_of(subject);
    return items.empty() ? Value::undefined() : items.back();
}

Value filter_list(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    return Value::list(items_of(subject));
}

Value filter_join(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    const std::string separator = text_argument(arguments, 0, "d", "");
    const Value* attribute = arguments.get(1, "attribute");
    std::string result;
    bool first = true;
    for (const Value& item : items_of(subject)) {
        result += first ? "" : separator;
        first = false;
        expression::append_plain_text(result,
                                      attribute == nullptr ? item : path_of(item, *attribute));
        expression::require_size(result.size());
    }
    return text_value(std::move(result));
}

Value filter_sort(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    return Value::list(sorted(items_of(subject), arguments.get(2, "attribute"),
                              flag_argument(arguments, 1, "case_sensitive", false),
                              flag_argument(arguments, 0, "reverse", false)));
}

Value filter_dictsort(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    expression::require_defined(subject);
    if (!subject.is_dict()) {
        fail(ErrorKind::internal, "`dictsort` needs an object");
    }
    List pairs;
    for (const auto& [key, value] : subject.as_dict().entries()) {
        pairs.push_back(Value::tuple({key, value}));
    }
    const Value by = Value::integer(text_argument(arguments, 1, "by", "key") == "value" ? 1 : 0);
    return Value::list(sorted(std::move(pairs), &by,
                              flag_argument(arguments, 0, "case_sensitive", false),
                              flag_argument(arguments, 2, "reverse", false)));
}

Value filter_unique(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    expression::Dict seen;
    List result;
    for (const Value& item : items_of(subject)) {
        Value key = key_of(item, arguments.get(1, "attribute"),
                           flag_argument(arguments, 0, "case_sensitive", false));
        if (!expression::is_hashable(key) || seen.find(key) == nullptr) {
            seen.set(std::move(key), Value());
            result.push_back(item);
        }
    }
    return make_generator(std::move(result), "generator object do_unique");
}

Value extreme(const Value& subject, const Arguments& arguments, bool largest) {
    const List items = items_of(subject);
    const Value* attribute = arguments.get(1, "attribute");
    const bool case_sensitive = flag_argument(arguments, 0, "case_sensitive", false);
    const Value* best = nullptr;
    Value best_key;
    for (const Value& item : items) {
        Value key = key_of(item, attribute, case_sensitive);
        if (best == nullptr || (largest ? less(best_key, key) : less(key, best_key))) {
            best = &item;
            best_key = std::move(key);
        }
    }
    return best == nullptr ? Value::undefined() : *best;
}

Value filter_min(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    return extreme(subject, arguments, false);
}

Value filter_max(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    return extreme(subject, arguments, true);
}

Value filter_sum(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    const Value* attribute = arguments.get(0, "attribute");
    const Value* start = arguments.get(1, "start");
    Value sum = start == nullptr ? Value::integer(0) : *start;
    for (const Value& item : items_of(subject)) {
        sum = expression::calculate(
            expression::Arithmetic::add, sum,
            attribute == nullptr || attribute->is_null() ? item : path_of(item, *attribute));
    }
    return sum;
}

Value filter_map(const Value& subject, const Arguments& arguments, Mode mode) {
    List result;
    const Value* attribute = arguments.list.empty() ? arguments.get(0, "attribute") : nullptr;
    if (attribute != nullptr) {
        const Value* otherwise = arguments.get(1, "default");
        for (const Value& item : items_of(subject)) {
            Value found = path_of(item, *attribute);
            result.push_back(found.is_undefined() && otherwise != nullptr ? *otherwise : found);
        }
        return make_generator(std::move(result), "generator object sync_do_map");
    }
    const std::string name = text_argument(arguments, 0, "name", "");
    const Filter filter = find_filter(name, mode);
    if (filter == nullptr) {
        fail(ErrorKind::template_syntax, "there is no filter `" + name + "`");
    }
    for (const Value& item : items_of(subject)) {
        result.push_back(filter(item, arguments.rest(1), mode));
    }
    return make_generator(std::move(result), "generator object sync_do_map");
}

Value chosen(const Value& subject, const Arguments& arguments, bool by_attribute, bool wanted) {
    const std::size_t place = by_attribute ? 1 : 0;
    if (by_attribute && arguments.list.empty()) {
        fail(ErrorKind::type, "an attribute's name is missing");
    }
    Test test = nullptr;
    if (arguments.list.size() > place) {
        const std::string name = text_argument(arguments, place, "", "");
        test = find_test(name);
        if (test == nullptr) {
            fail(ErrorKind::template_syntax, "there is no test `" + name + "`");
        }
    }
    const Arguments rest = arguments.rest(place + 1);
    List result;
    for (const Value& item : items_of(subject)) {
        const Value looked_at = by_attribute ? path_of(item, arguments.list[0]) : item;
        const bool holds = test == nullptr ? truthy(looked_at) : test(looked_at, rest);
        if (holds == wanted) {
            result.push_back(item);
        }
    }
    return make_generator(std::move(result), "generator object select_or_reject");
}

template <bool by_attribute, bool wanted>
Value filter_choose(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    return chosen(subject, arguments, by_attribute, wanted);
}

Value filter_groupby(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    const Value* attribute = arguments.get(0, "attribute");
    if (attribute == nullptr) {
        fail(ErrorKind::type, "`groupby` needs an attribute");
    }
    const bool case_sensitive = flag_argument(arguments, 2, "case_sensitive", false);
    List groups;
    List members;
    Value key;
    const auto finish = [&] {
        if (!members.empty()) {
            const Value shown = path_of(members.front(), *attribute);
            groups.push_back(Value::tuple({shown, Value::list(std::move(members))}));
            members = {};
        }
    };
    for (Value& item : sorted(items_of(subject), attribute, case_sensitive, false)) {
        Value next = key_of(item, attribute, case_sensitive);
        if (!expression::equal(next, key)) {
            finish();
        }
        key = std::move(next);
        members.push_back(std::move(item));
    }
    finish();
    return Value::list(std::move(groups));
}

std::int64_t count_argument(const Arguments& arguments, std::string_view name) {
    const std::int64_t count = integer_argument(arguments, 0, name, 0);
    if (count < 1 || count > 1'000'000) {
        fail(ErrorKind::value, "the count must be between 1 and 1000000");
    }
    return count;
}

Value filter_batch(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    const auto size = static_cast<std::size_t>(count_argument(arguments, "linecount"));
    const Value* fill = arguments.get(1, "fill_with");
    List result;
    List line;
    for (Value& item : items_of(subject)) {
        line.push_back(std::move(item));
        if (line.size() == size) {
            result.push_back(Value::list(std::exchange(line, {})));
        }
    }
    if (!line.empty()) {
        while (fill != nullptr && !fill->is_null() && line.size() < size) {
            line.push_back(*fill);
        }
        result.push_back(Value::list(std::move(line)));
    }
    return make_generator(std::move(result), "generator object do_batch");
}

Value filter_slice(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    const auto count = static_cast<std::size_t>(count_argument(arguments, "slices"));
    const Value* fill = arguments.get(1, "fill_with");
    const List items = items_of(subject);
    const std::size_t longer = items.size() % count;
    List result;
    std::size_t at = 0;
    for (std::size_t slice = 0; slice < count; ++slice) {
        List part;
        const std::size_t size = items.size() / count + (slice < longer ? 1 : 0);
        for (std::size_t i = 0; i < size; ++i) {
            part.push_back(items[at++]);
        }
        if (fill != nullptr && !fill->is_null() && slice >= longer) {
            part.push_back(*fill);
        }
        result.push_back(Value::list(std::move(part)));
    }
    return make_generator(std::move(result), "generator object do_slice");
}

Value filter_reverse(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    List items = items_of(subject);
    std::ranges::reverse(items);
    if (!subject.is_string()) {
        return make_generator(std::move(items), "list_reverseiterator object");
    }
    std::string text;
    for (const Value& item : items) {
        text += item.as_string();
    }
    return text_value(std::move(text));
}

Value filter_items(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    List pairs;
    if (!subject.is_undefined()) {
        if (!subject.is_dict()) {
            fail(ErrorKind::type, "`items` needs an object");
        }
        for (const auto& [key, value] : subject.as_dict().entries()) {
            pairs.push_back(Value::tuple({key, value}));
        }
    }
    return make_generator(std::move(pairs), "generator object do_items");
}

}  // namespace

Filter find_list_filter(std::string_view name) {
    static constexpr std::array<NamedFilter, 20> kFilters{
        {{"first", filter_first},
         {"last", filter_last},
         {"list", filter_list},
         {"join", filter_join},
         {"sort", filter_sort},
         {"dictsort", filter_dictsort},
         {"unique", filter_unique},
         {"min", filter_min},
         {"max", filter_max},
         {"sum", filter_sum},
         {"map", filter_map},
         {"select", filter_choose<false, true>},
         {"reject", filter_choose<false, false>},
         {"selectattr", filter_choose<true, true>},
         {"rejectattr", filter_choose<true, false>},
         {"groupby", filter_groupby},
         {"batch", filter_batch},
         {"slice", filter_slice},
         {"reverse", filter_reverse},
         {"items", filter_items}}};
    const auto* const found = std::ranges::find(kFilters, name, &NamedFilter::first);
    return found == kFilters.end() ? nullptr : found->second;
}

}  // namespace fleet::templates
