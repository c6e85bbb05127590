#include "machines/agents/output_schema.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "machines/expression/print.hpp"

namespace {

using namespace fleet;
using namespace fleet::agents;
using Catch::Matchers::Contains;
using expression::Value;

OutputField field(const std::string& name, FieldType type) {
    OutputField made;
    made.name = name;
    made.type = type;
    return made;
}

OutputSchema article() {
    OutputField kind = field("kind", FieldType::text);
    kind.choices = {"news", "essay"};
    OutputField tags = field("tags", FieldType::list);
    tags.items = {field("", FieldType::text)};
    tags.required = false;
    OutputField author = field("author", FieldType::object);
    author.properties = {field("age", FieldType::integer)};
    author.required = false;
    return OutputSchema(
        {field("title", FieldType::text), field("words", FieldType::integer), kind, tags, author});
}

std::string read(const OutputSchema& schema, const std::string& text) {
    const auto result = schema.extract(text);
    if (const auto* const value = std::get_if<Value>(&result)) {
        return expression::to_json(*value);
    }
    std::string faults;
    for (const std::string& one : std::get<std::vector<std::string>>(result)) {
        faults += one + "|";
    }
    return faults;
}

}  // namespace

TEST_CASE("the object is found in whatever stands around it") {
    const std::string expected = R"({"title":"A","words":3,"kind":"news"})";
    const OutputSchema schema = article();
    CHECK(read(schema, expected) == expected);
    CHECK(read(schema, "```json\n" + expected + "\n```") == expected);
    CHECK(read(schema, "Sure, {here} it is:\n" + expected + "\nAnything else?") == expected);
    CHECK(read(schema, R"({"title": "a } in { it", "words": 3, "kind": "news"})") ==
          R"({"title":"a } in { it","words":3,"kind":"news"})");
    CHECK_THAT(read(schema, "no"), Contains("there is no JSON object in it"));
    CHECK_THAT(read(schema, ""), Contains("there is no JSON object"));
    CHECK_THAT(read(schema, R"({"title": "A", "wor)"), Contains("there is no JSON object"));
    CHECK_THAT(read(schema, "[1, 2]"), Contains("there is no JSON object"));
}

TEST_CASE("members are taken in the schema's types, and what does not fit is named") {
    const OutputSchema schema = article();
    CHECK(read(schema,
               R"({"title": 7, "words": "12", "kind": "essay", "tags": ["a", 1], "more": null,
                   "author": {"age": 30.0}})") ==
          R"({"title":"7","words":12,"kind":"essay","tags":["a","1"],"more":null,)"
          R"("author":{"age":30}})");
    const std::string faults =
        read(schema, R"({"words": 1.5, "kind": "poem", "tags": "x", "author": {"age": "old"}})");
    CHECK_THAT(faults, Contains("`title` is missing") &&
                           Contains("`words` must be an integer, and it is 1.5") &&
                           Contains("`kind` is poem, which is none of its choices") &&
                           Contains("`tags` must be a list") &&
                           Contains("`author.age` must be an integer, and it is old"));
    const OutputSchema flags({field("yes", FieldType::boolean), field("x", FieldType::number),
                              field("any", FieldType::json)});
    CHECK(read(flags, R"({"yes": "true", "x": "2.5", "any": null})") ==
          R"({"yes":true,"x":2.5,"any":null})");
    CHECK_THAT(read(flags, R"({"yes": 1, "x": true, "any": []})"),
               Contains("`yes` must be true or false") && Contains("`x` must be a number"));
}

TEST_CASE("the model is told what to answer") {
    CHECK_THAT(article().instruction(),
               Contains("one JSON object") && Contains("- \"title\": a string") &&
                   Contains("one of \"news\", \"essay\"") && Contains("(optional)") &&
                   Contains("  - each item: a string") && Contains("  - \"age\": an integer"));
}

TEST_CASE("no text makes reading an output throw") {
    const OutputSchema schema = article();
    rc::check([&](const std::string& text) { (void)schema.extract(text); });
    rc::check([&] {
        const auto text = *rc::gen::container<std::string>(
            rc::gen::elementOf(std::string(R"({}[]",:\0123456789title words)")));
        (void)schema.extract(text);
    });
}
