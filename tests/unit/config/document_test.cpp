#include "machines/config/document.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "common/base/errors.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace fleet;
using namespace fleet::config;

namespace {

ParsedDocument yaml(std::string_view text, const Limits& limits = {}) {
    return parse_document(text, "f.yml", Syntax::yaml, limits);
}

ParsedDocument json(std::string_view text, const Limits& limits = {}) {
    return parse_document(text, "f.json", Syntax::json, limits);
}

std::string json_of(const ParsedDocument& parsed) {
    for (const Diagnostic& one : parsed.diagnostics) {
        UNSCOPED_INFO(one.line());
    }
    REQUIRE(parsed.root);
    return to_json(*parsed.root);
}

/// The only message.
std::string line_of(const ParsedDocument& parsed) {
    REQUIRE(parsed.diagnostics.size() == 1);
    return parsed.diagnostics[0].line();
}

}  // namespace

TEST_CASE("a YAML document becomes a tree in the file's order") {
    CHECK(json_of(yaml("b: 1\na: [x, 'yes', yes]\nc:\n  - d: ~\n    e:\n")) ==
          R"({"b":1,"a":["x","yes",true],"c":[{"d":null,"e":null}]})");
    CHECK(json_of(yaml("")) == "null");
    CHECK(json_of(yaml("# only a comment\n")) == "null");
    CHECK(json_of(yaml("a: |\n  x\n  y\nb: >-\n  x\n  y\n")) == R"({"a":"x\ny\n","b":"x y"})");
    CHECK(json_of(yaml("\xEF\xBB\xBF"
                       "a: 1")) == R"({"a":1})");
    CHECK(json_of(yaml("{a: .inf, b: -.inf, c: .nan}")) ==
          R"({"a":Infinity,"b":-Infinity,"c":NaN})");
}

TEST_CASE("every value and key knows its line and column") {
    const auto parsed = yaml("a: 1\nb:\n  - x\n  - {c: yes}\nd:\n");
    REQUIRE(parsed.root);
    const Node& root = *parsed.root;
    CHECK(root.find("a")->value.at == Position{1, 4});
    CHECK(root.find("b")->at == Position{2, 1});
    const Node& list = root.find("b")->value;
    CHECK(list.items[0].at == Position{3, 5});
    CHECK(list.items[1].find("c")->at == Position{4, 6});
    CHECK(list.items[1].find("c")->value.at == Position{4, 9});
    CHECK(list.items[1].find("c")->value.source == "yes");
    CHECK(root.find("d")->value.at == Position{5, 1});

    const auto other = json("{\"ä\": 1,\n \"b\": [\"é\", 2]}");
    REQUIRE(other.root);
    CHECK(other.root->find("ä")->value.at == Position{1, 7});
    CHECK(other.root->find("b")->at == Position{2, 2});
    CHECK(other.root->find("b")->value.items[1].at == Position{2, 13});
}

TEST_CASE("keys that are no texts are named by their values, booleans as they were written") {
    CHECK(json_of(yaml("{2: a, 0777: b, on: c, true: d, ~: e, 1.5: f}")) ==
          R"({"2":"a","511":"b","on":"c","true":"d","null":"e","1.5":"f"})");
}

TEST_CASE("aliases repeat their value and merge keys add to a mapping") {
    CHECK(json_of(yaml("base: &b {x: 1, y: 2}\nm: {<<: *b, y: 3}\ns: *b\n")) ==
          R"({"base":{"x":1,"y":2},"m":{"x":1,"y":3},"s":{"x":1,"y":2}})");
    CHECK(json_of(yaml("a: &a {x: 1}\nb: &b {x: 2, z: 3}\nm: {y: 0, <<: [*a, *b]}\n")) ==
          R"({"a":{"x":1},"b":{"x":2,"z":3},"m":{"x":1,"z":3,"y":0}})");
    CHECK(json_of(yaml("{'<<': 1}")) == R"({"<<":1})");
    CHECK(line_of(yaml("m: {<<: 5}")) ==
          "f.yml:1:9: error: `<<` merges an integer; it needs a mapping or a list of mappings");
    CHECK(line_of(yaml("a: &a [1, *a]")) ==
          "f.yml:1:11: error: an alias stands inside the value that it names; a value cannot "
          "contain itself");
}

TEST_CASE("the last of two equal keys wins with a warning") {
    const auto parsed = yaml("a: 1\nb: 2\na: 3\n");
    CHECK(json_of(parsed) == R"({"a":3,"b":2})");
    CHECK(
        line_of(parsed) ==
        "f.yml:3:1: warning: the key `a` was given in line 1 already; the last one counts; remove "
        "one of them");
    const auto other = json("{\"a\": 1,\n\"a\": 2}");
    CHECK(json_of(other) == R"({"a":2})");
    CHECK(other.diagnostics.at(0).at == Position{2, 1});
}

TEST_CASE("tags of YAML's own types are followed and others refused") {
    CHECK(json_of(yaml("[!!str 5, !!int '5', !!float 5, !!bool 'no', ! 6]")) ==
          R"(["5",5,5.0,false,"6"])");
    CHECK(
        line_of(yaml("a: !!python/object:os.system x")) ==
        "f.yml:1:4: error: the tag `tag:yaml.org,2002:python/object:os.system` has no meaning for "
        "this value; remove it, or quote the value");
    CHECK(yaml("a: !thing {b: 1}").diagnostics.size() == 1);
}

TEST_CASE("what cannot be read says where and why") {
    struct Row {
        std::string text;
        std::string begin;
    };
    const std::vector<Row> rows{
        {"spec: [flatmachine\n  data: {", "f.yml:2:7: error: the YAML cannot be read: "},
        {"a: 'x", "f.yml:1:6: error: the YAML cannot be read: "},
        {"a: b: c", "f.yml:1:5: error: the YAML cannot be read: "},
        {"a: 1\n---\nb: 2", "f.yml:3:1: error: a second document begins"},
        {"[a]: 1", "f.yml:1:1: error: a key is a list"},
        {"a: *gone", "f.yml:1:4: error: the YAML cannot be read: "},
        {std::string("a: x\0y", 6), "f.yml:1:5: error: a control character (U+0) stands here"},
        {"a: \xFFx", "f.yml:1:4: error: these bytes are not UTF-8; save the file in UTF-8"},
        {"a: \xED\xA0\x80", "f.yml:1:4: error: these bytes are not UTF-8"},
        {"a: \xC0\xAF", "f.yml:1:4: error: these bytes are not UTF-8"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto parsed = yaml(row.text);
        CHECK_FALSE(parsed.root);
        CHECK_THAT(line_of(parsed), Catch::Matchers::StartsWith(row.begin));
        CHECK(parsed.diagnostics[0].fault == Fault::syntax);
    }
}

TEST_CASE("JSON is read by its own rules") {
    const std::string kText = R"({"a": 1e3, "b": -0.5, "c": 12345678901234567890, )"
                              R"("d": "\u00e9\ud83d\ude00\/\n"})";
    CHECK(json_of(json(kText)) ==
          "{\"a\":1000.0,\"b\":-0.5,\"c\":12345678901234567890,\"d\":\"é😀/\\n\"}");
    struct Row {
        std::string text;
        std::string line;
    };
    const std::vector<Row> rows{
        {"{\"a\": yes}", "f.json:1:7: error: `yes` is no JSON value; put texts into double quotes"},
        {"{a: 1}", "f.json:1:2: error: `a` stands where a key in double quotes should be"},
        {"[1, 2", "f.json:1:6: error: the file ends where `,` or `]` should be"},
        {"[1,\n]", "f.json:2:1: error: `]` stands where a value should be"},
        {"[01]", "f.json:1:2: error: `01` is no JSON value; put texts into double quotes"},
        {"[1.]", "f.json:1:2: error: `1.` is no JSON value; put texts into double quotes"},
        {"[-" + std::string(4301, '1') + "]",
         "f.json:1:2: error: an integer has more than 4300 digits; put it into double quotes, as a "
         "text"},
        {"\"a", "f.json:1:3: error: a text is not closed; end it with `\"`"},
        {"\"\\q\"", "f.json:1:3: error: there is no such escape; write a backslash as `\\\\`"},
        {"\"\\ud800x\"", "f.json:1:8: error: half of a surrogate pair is no character"},
        {"\"\\u12\"", "f.json:1:6: error: `\\u` needs four hexadecimal digits"},
        {"1 2",
         "f.json:1:3: error: there is more text after the value; keep one value in the file"},
        {"", "f.json:1:1: error: the file ends where a value should be"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto parsed = json(row.text);
        CHECK_FALSE(parsed.root);
        CHECK(line_of(parsed) == row.line);
    }
}

TEST_CASE("nesting is limited without using up the stack") {
    const std::string open(1000, '[');
    const std::string close(1000, ']');
    const std::string deep =
        "f.yml:1:201: error: values are nested more than 200 deep; flatten them";
    CHECK(line_of(yaml(open + close)) == deep);
    CHECK(line_of(json(open + close)) == "f.json" + deep.substr(5));
    CHECK_FALSE(json(std::string(1'000'000, '[')).root);
    CHECK_FALSE(yaml(std::string(100'000, '[')).root);
    CHECK(yaml(open.substr(800) + close.substr(800)).root);
    std::string block;
    for (int i = 0; i < 1000; ++i) {
        block += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    }
    CHECK_THAT(line_of(yaml(block)), Catch::Matchers::Contains("nested more than 200 deep"));
    std::string dashes;
    for (int i = 0; i < 1000; ++i) {
        dashes += "- ";
    }
    CHECK_THAT(line_of(yaml(dashes + "x")), Catch::Matchers::Contains("nested more than 200 deep"));
}

TEST_CASE("aliases cannot make a document deep") {
    std::string text = "a0: &a0 [x]\n";
    for (int i = 1; i < 300; ++i) {
        const std::string before = std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + before + "]\n";
    }
    CHECK_THAT(line_of(yaml(text)), Catch::Matchers::Contains("nested more than 200 deep"));
}

TEST_CASE("a bomb of aliases is refused where it goes off") {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 20; ++i) {
        const std::string alias = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
        for (int j = 1; j < 10; ++j) {
            text += ", " + alias;
        }
        text += "]\n";
    }
    CHECK_THAT(line_of(yaml(text)), Catch::Matchers::StartsWith("f.yml:6:") &&
                                        Catch::Matchers::Contains(
                                            "there are more than 500000 values once every alias is "
                                            "replaced by what it names; use fewer aliases"));
    Limits limits;
    limits.text_bytes = 1000;
    const std::string long_text(400, 'x');
    CHECK_THAT(line_of(yaml("a: &a '" + long_text + "'\nb: *a\nc: *a\n", limits)),
               Catch::Matchers::Contains("more than 1000 bytes once every alias"));
}

TEST_CASE("the number of values and the size of a file are limited") {
    Limits limits;
    limits.nodes = 3;
    CHECK(yaml("[1, 2]", limits).root);
    CHECK_THAT(line_of(yaml("[1, 2, 3]", limits)),
               Catch::Matchers::Contains("more than 3 values in the file"));
    CHECK_THAT(line_of(json("[1, 2, 3]", limits)),
               Catch::Matchers::Contains("more than 3 values in the file"));
    limits.file_bytes = 4;
    CHECK_THAT(line_of(yaml("[1, 2]", limits)), Catch::Matchers::Contains("the file has 6 bytes"));
    const test_support::TemporaryFolder folder;
    test_support::write_file(folder / "f", "12345");
    CHECK_THROWS_AS(read_text(folder / "f", limits), base::ConfigError);
    CHECK_FALSE(read_text(folder / "gone"));
    CHECK_THROWS_AS(read_text(folder.path()), base::ConfigError);
}

TEST_CASE("JSON is a fixed point of reading and writing") {
    REQUIRE(rc::check("a list of texts and numbers", [](const std::vector<double>& numbers) {
        Node list;
        list.kind = Node::Kind::list;
        for (const double number : numbers) {
            Node node;
            node.kind = Node::Kind::number;
            node.text = std::to_string(number);
            list.items.push_back(node);
        }
        const std::string once = to_json(*json(to_json(list)).root);
        RC_ASSERT(to_json(*json(once).root) == once);
    }));
}

TEST_CASE("no bytes crash the readers") {
    REQUIRE(rc::check("any bytes", [](const std::string& bytes) {
        RC_ASSERT(yaml(bytes).root.has_value() || has_errors(yaml(bytes).diagnostics));
        RC_ASSERT(json(bytes).root.has_value() || has_errors(json(bytes).diagnostics));
    }));
    REQUIRE(rc::check("any order of YAML's own characters", [] {
        const auto pieces =
            *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
                "a", "b: ", ":", "- ", "-", "? ", "[", "]", "{", "}", ",", "&x ", "*x", "<<", "!",
                "!!str ", "|", ">", "|2", "'", "\"", "\n", "\n  ", "\n    ", "  ", "\t", "#",
                "%YAML 1.1\n", "---\n", "...\n", "1:30", "~", "\\", "@", "`", "é", "\r\n", "|-\n"));
        std::string text;
        for (const std::string& piece : pieces) {
            text += piece;
        }
        RC_ASSERT(yaml(text).root.has_value() || has_errors(yaml(text).diagnostics));
        RC_ASSERT(json(text).root.has_value() || has_errors(json(text).diagnostics));
    }));
}
