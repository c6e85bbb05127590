#include <catch2/catch.hpp>

#include "tests/unit/cel/cases.hpp"

using fleet::cel_test::check;

TEST_CASE("CEL: size counts characters, bytes, elements, entries") {
    check({
        {"size('')", "0"},
        {"size('abc')", "3"},
        {"'abc'.size()", "3"},
        {"size(context.uni)", "7"},
        {"size('😀')", "1"},
        {"size(b'😀')", "4"},
        {"size([1, 2])", "2"},
        {"[].size()", "0"},
        {"size({'a': 1})", "1"},
        {"{1: 1, 2: 2}.size()", "2"},
        {"size(1)", "!type"},
        {"size(null)", "!type"},
    });
}

TEST_CASE("CEL: searching strings") {
    check({
        {"'hello'.contains('ell')", "true"},    {"'hello'.contains('')", "true"},
        {"'hello'.contains('x')", "false"},     {"'hello'.contains(1)", "!type"},
        {"1.contains('a')", "!type"},           {"'hello'.startsWith('he')", "true"},
        {"'hello'.startsWith('lo')", "false"},  {"'hello'.endsWith('lo')", "true"},
        {"'hello'.endsWith('he')", "false"},    {"null.startsWith('a')", "!type"},
        {"'hello'.indexOf('l')", "2"},          {"'hello'.indexOf('l', 3)", "3"},
        {"'hello'.indexOf('l', 4)", "-1"},      {"'hello'.indexOf('')", "0"},
        {"'héllo'.indexOf('l')", "2"},          {"'hello'.indexOf('x')", "-1"},
        {"'hello'.indexOf('h', -1)", "!index"}, {"'hello'.indexOf('h', 6)", "!index"},
        {"'hello'.lastIndexOf('l')", "3"},      {"'hello'.lastIndexOf('l', 2)", "2"},
        {"'hello'.lastIndexOf('x')", "-1"},     {"'hello'.charAt(4)", R"("o")"},
        {"'hello'.charAt(5)", R"("")"},         {"'hello'.charAt(6)", "!index"},
        {"'héllo'.charAt(1) == 'é'", "true"},
    });
}

TEST_CASE("CEL: regular expressions are RE2's and match any part") {
    check({
        {"'abc123'.matches('[0-9]+')", "true"},
        {"'abc123'.matches('^[0-9]+$')", "false"},
        {"matches('abc', 'b')", "true"},
        {"'abc'.matches('')", "true"},
        {R"('a.b'.matches(r'a\.b'))", "true"},
        {"'é'.matches('^.$')", "true"},
        {"'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'.matches('^(a+)+$')", "false"},
        {"'abc'.matches('(')", "!value"},
        {"'abc'.matches('(?=a)')", "!value"},
        {"'abc'.matches('a' + '(')", "!value"},
        {"'abc'.matches('a' + 'b')", "true"},
        {"false && 'abc'.matches('(')", "false"},
        {"'abc'.matches('((a{100}){100}){100}')", "!value"},
        {"'abc'.matches(1)", "!type"},
        {"1.matches('a')", "!type"},
        {"context.names.all(n, n.matches('^[a-z]+$'))", "true"},
    });
}

TEST_CASE("CEL: changing strings") {
    check({
        {"'AbC é'.lowerAscii() == 'abc é'", "true"},
        {"'AbC é'.upperAscii() == 'ABC é'", "true"},
        {"'É'.lowerAscii() == 'É'", "true"},
        {R"('  a b \n'.trim())", R"("a b")"},
        {R"('\u00a0x\u2003'.trim())", R"("x")"},
        {"''.trim()", R"("")"},
        {"'hello'.substring(1)", R"("ello")"},
        {"'hello'.substring(1, 3)", R"("el")"},
        {"'hello'.substring(5)", R"("")"},
        {"'hello'.substring(2, 1)", "!index"},
        {"'hello'.substring(6)", "!index"},
        {"'hello'.substring(0, 9)", "!index"},
        {"'héllo'.substring(1, 2) == 'é'", "true"},
        {"'hello'.replace('l', 'L')", R"("heLLo")"},
        {"'hello'.replace('l', 'L', 1)", R"("heLlo")"},
        {"'hello'.replace('l', 'L', 0)", R"("hello")"},
        {"'hello'.replace('l', 'L', -1)", R"("heLLo")"},
        {"'ab'.replace('', '_')", R"("_a_b_")"},
        {"'ab'.replace('', '_', 2)", R"("_a_b")"},
        {"'a,b,c'.split(',')", R"(["a", "b", "c"])"},
        {"'a,b,c'.split(',', 2)", R"(["a", "b,c"])"},
        {"'a,b,c'.split(',', 0)", "[]"},
        {"'a,b,c'.split(',', 1)", R"(["a,b,c"])"},
        {"'a,b,c'.split(',', -1)", R"(["a", "b", "c"])"},
        {"'abc'.split('')", R"(["a", "b", "c"])"},
        {"''.split(',')", R"([""])"},
        {"['a', 'b'].join()", R"("ab")"},
        {"['a', 'b'].join('-')", R"("a-b")"},
        {"[].join('-')", R"("")"},
        {"[1].join()", "!type"},
        {"'a'.join('-')", "!type"},
    });
}

TEST_CASE("CEL: conversions between types") {
    check({
        {"int('42')", "42"},
        {"int('-42')", "-42"},
        {"int('x')", "!value"},
        {"int('')", "!value"},
        {"int('9223372036854775808')", "!arithmetic"},
        {"int(2.9)", "2"},
        {"int(-2.9)", "-2"},
        {"int(1e19)", "!arithmetic"},
        {"int(0.0 / 0.0)", "!arithmetic"},
        {"int(7u)", "7"},
        {"int(18446744073709551615u)", "!arithmetic"},
        {"int(true)", "!type"},
        {"int(null)", "!type"},
        {"uint(7) == 7u", "true"},
        {"uint(-1)", "!arithmetic"},
        {"uint('12')", "12"},
        {"uint('-1')", "!value"},
        {"uint(2.9)", "2"},
        {"uint(-0.5)", "!arithmetic"},
        {"double(2)", "2.0"},
        {"double('2.5')", "2.5"},
        {"double('1e3')", "1000.0"},
        {"double('x')", "!value"},
        {"double(3u)", "3.0"},
        {"double(context.n) + context.f", "7.5"},
        {"string(42)", R"("42")"},
        {"string(42u)", R"("42")"},
        {"string(1.0)", R"("1")"},
        {"string(-0.0045)", R"("-0.0045")"},
        {"string(1.0 / 0.0)", R"("+Inf")"},
        {"string(true)", R"("true")"},
        {"string('a')", R"("a")"},
        {"string(b'abc')", R"("abc")"},
        {R"(string(b'\xff'))", "!value"},
        {"string(null)", "!type"},
        {"string([1])", "!type"},
        {"bytes('abc') == b'abc'", "true"},
        {"bytes(1)", "!type"},
        {"bool('true')", "true"},
        {"bool('f')", "false"},
        {"bool('yes')", "!value"},
        {"bool(1)", "!type"},
        {"dyn(1) == 1", "true"},
    });
}

TEST_CASE("CEL: types are values") {
    check({
        {"type(1)", R"("int")"},
        {"type(1) == int", "true"},
        {"type(1u) == uint", "true"},
        {"type(1.0) == double", "true"},
        {"type('a') == string", "true"},
        {"type(b'a') == bytes", "true"},
        {"type(true) == bool", "true"},
        {"type(null) == null_type", "true"},
        {"type([]) == list", "true"},
        {"type({}) == map", "true"},
        {"type({1: 1}) == map", "true"},
        {"type(int) == type", "true"},
        {"type(1) == uint", "false"},
        {"type(timestamp(0)) == google.protobuf.Timestamp", "true"},
        {"type(duration('1s')) == google.protobuf.Duration", "true"},
        {"[1].map(int, int + 1)", "[2]"},
        {"google", "!expression"},
        {"google.protobuf", "!expression"},
    });
}
