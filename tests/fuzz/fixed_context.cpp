#include "tests/fuzz/fixed_context.hpp"

#include "machines/expression/print.hpp"

namespace fleet::fuzz {

const expression::Value& fixed_context() {
    static const expression::Value context = expression::from_json(R"({
        "n": 5, "z": 0, "neg": -3, "f": 2.5, "onef": 1.0, "big": 9223372036854775807,
        "huge": 1e308, "s": "abc", "num_s": "5", "empty": "", "sp": " ", "uni": "é😀",
        "t": true, "fa": false, "nul": null, "l": [1, 2, 3], "el": [], "ls": ["b", "a"],
        "mixed": [1, "a", null, [2.5], {"k": false}], "d": {"a": {"b": {"c": 7}}, "k-x": 1,
        "items": [9], "x": null}, "ed": {}, "when": "2024-02-29T12:30:00Z",
        "users": [{"name": "Ann", "age": 30}, {"name": "Bob", "age": 25}]
    })");
    return context;
}

}  // namespace fleet::fuzz
