#include <catch2/catch.hpp>

#include "tests/unit/cel/cases.hpp"

using fleet::cel_test::check;

TEST_CASE("CEL: has() asks for a field without failing") {
    check({
        {"has(context.n)", "true"},
        {"has(context.missing)", "false"},
        {"has(context.nul)", "true"},
        {"has(context.d.a.b)", "true"},
        {"has(context.d.a.x)", "false"},
        {"has(context.x.y)", "!key"},
        {"has(context.n.x)", "!type"},
        {"has(context.nul.x)", "!type"},
        {"has({'a': 1}.a)", "true"},
        {"has({1: 1}.a)", "false"},
        {"has(context)", "!expression"},
        {"has(context['n'])", "!expression"},
        {"has(context.n, 1)", "!expression"},
        {"has(context.missing) && context.missing > 1", "false"},
        {"has(context.missing) ? context.missing : 'none'", R"("none")"},
    });
}

TEST_CASE("CEL: all, exists and exists_one") {
    check({
        {"[1, 2, 3].all(x, x > 0)", "true"},
        {"[1, 2, 3].all(x, x > 1)", "false"},
        {"[].all(x, x > 1)", "true"},
        {"[1, 2].all(x, 1 / 0 > x)", "!arithmetic"},
        {"[0, 1].all(x, 1 / x > 5)", "false"},
        {"[1, 0].all(x, 1 / x > 5)", "false"},
        {"[0, 1].all(x, 1 / x > 0)", "!arithmetic"},
        {"[1, 2].all(x, x)", "!type"},
        {"[1, 'a'].all(x, x == 1)", "false"},
        {"[1, 2, 3].exists(x, x == 2)", "true"},
        {"[1, 2, 3].exists(x, x == 4)", "false"},
        {"[].exists(x, true)", "false"},
        {"[0, 1].exists(x, 1 / x == 1)", "true"},
        {"[0, 2].exists(x, 1 / x == 1)", "!arithmetic"},
        {"[1, 2, 2].exists_one(x, x == 1)", "true"},
        {"[1, 2, 2].exists_one(x, x == 2)", "false"},
        {"[1, 2].existsOne(x, x == 2)", "true"},
        {"[].exists_one(x, true)", "false"},
        {"[1, 0].exists_one(x, 1 / x == 1)", "!arithmetic"},
        {"{'a': 1, 'b': 2}.all(k, k < 'c')", "true"},
        {"{'a': 1, 'b': 2}.exists(k, k == 'b')", "true"},
        {"context.users.exists(u, u.age > 18)", "true"},
        {"context.users.all(u, u.age > 18)", "false"},
        {"context.users.exists_one(u, u.name.startsWith('a'))", "true"},
        {"'abc'.all(c, true)", "!type"},
        {"null.exists(x, true)", "!type"},
    });
}

TEST_CASE("CEL: map and filter") {
    check({
        {"[1, 2, 3].map(x, x * x)", "[1, 4, 9]"},
        {"[].map(x, 1 / 0)", "[]"},
        {"[1, 0].map(x, 1 / x)", "!arithmetic"},
        {"[1, 2, 3].map(x, x > 1, x * 10)", "[20, 30]"},
        {"[0, 1].map(x, x > 0, 1 / x)", "[1]"},
        {"[1].map(x, 1, x)", "!type"},
        {"[1, 2, 3].filter(x, x % 2 == 1)", "[1, 3]"},
        {"[1, 2].filter(x, x)", "!type"},
        {"[0, 1].filter(x, 1 / x > 0)", "!arithmetic"},
        {"{'a': 1, 'b': 2}.map(k, k + '!')", R"(["a!", "b!"])"},
        {"{'a': 1, 'b': 2}.filter(k, k == 'b')", R"(["b"])"},
        {"context.users.map(u, u.name)", R"(["ann", "bob"])"},
        {"context.users.filter(u, u.age < 18).map(u, u.name)", R"(["bob"])"},
        {"context.users.filter(u, u.age < 18).size()", "1"},
        {"[[1, 2], [3]].map(x, x.map(y, y + 1))", "[[2, 3], [4]]"},
        {"[1, 2].map(x, [x].map(x, x + 10)[0] + x)", "[12, 14]"},
        {"[1, 2].map(x, [3].map(y, x * y))", "[[3], [6]]"},
        {"[1].map(context, context + 1)", "[2]"},
        {"[1].map(context, .context.n)", "[5]"},
        {"[1, 2].map(x, x) + [3].map(x, x)", "[1, 2, 3]"},
        {"[1].map(x, x)[0] + x", "!expression"},
        {"[1].map(1, 2)", "!expression"},
        {"[1].map(x)", "!expression"},
        {"[1].filter(x, x > 0, x)", "!expression"},
        {"[1].all(true, true)", "!expression"},
        {"map([1], x, x)", "!expression"},
    });
}
