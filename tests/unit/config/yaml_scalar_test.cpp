#include "machines/config/yaml_scalar.hpp"

#include <catch2/catch.hpp>

#include "machines/config/document.hpp"

using namespace fleet::config;
using Kind = Node::Kind;

TEST_CASE("unquoted scalars mean what YAML 1.1 says") {
    struct Row {
        std::string written;
        Kind kind;
        std::string text;
    };
    const std::vector<Row> rows{
        {"", Kind::null, ""},
        {"~", Kind::null, ""},
        {"null", Kind::null, ""},
        {"Null", Kind::null, ""},
        {"NULL", Kind::null, ""},
        {"nULL", Kind::text, "nULL"},
        {"yes", Kind::boolean, "true"},
        {"YES", Kind::boolean, "true"},
        {"yES", Kind::text, "yES"},
        {"on", Kind::boolean, "true"},
        {"Off", Kind::boolean, "false"},
        {"no", Kind::boolean, "false"},
        {"TRUE", Kind::boolean, "true"},
        {"False", Kind::boolean, "false"},
        {"y", Kind::text, "y"},
        {"n", Kind::text, "n"},
        {"0", Kind::integer, "0"},
        {"-0", Kind::integer, "0"},
        {"+3", Kind::integer, "3"},
        {"-3", Kind::integer, "-3"},
        {"1_000", Kind::integer, "1000"},
        {"0777", Kind::integer, "511"},
        {"-017", Kind::integer, "-15"},
        {"08", Kind::text, "08"},
        {"0o17", Kind::text, "0o17"},
        {"0x1F", Kind::integer, "31"},
        {"0xfF_ff", Kind::integer, "65535"},
        {"0b101", Kind::integer, "5"},
        {"0b2", Kind::text, "0b2"},
        {"0x", Kind::text, "0x"},
        {"1:30", Kind::integer, "90"},
        {"-1:30:00", Kind::integer, "-5400"},
        {"1:60", Kind::text, "1:60"},
        {"0:30", Kind::text, "0:30"},
        {"1:", Kind::text, "1:"},
        {"1:30.5", Kind::number, "90.5"},
        {"12345678901234567890", Kind::integer, "12345678901234567890"},
        {"0xFFFFFFFFFFFFFFFFFF", Kind::integer, "4722366482869645213695"},
        {"1e3", Kind::text, "1e3"},
        {"1.0e3", Kind::text, "1.0e3"},
        {"1.0e+3", Kind::number, "1000.0"},
        {"1.5E-2", Kind::number, "0.015"},
        {"1.", Kind::number, "1.0"},
        {".5", Kind::number, "0.5"},
        {"-.5", Kind::number, "-0.5"},
        {".", Kind::text, "."},
        {"-", Kind::text, "-"},
        {"1.0", Kind::number, "1.0"},
        {"1.2.3", Kind::text, "1.2.3"},
        {"1.0e+400", Kind::number, "Infinity"},
        {"1.0e-400", Kind::number, "0.0"},
        {".inf", Kind::number, "Infinity"},
        {"-.INF", Kind::number, "-Infinity"},
        {"+.Inf", Kind::number, "Infinity"},
        {".iNf", Kind::text, ".iNf"},
        {".nan", Kind::number, "NaN"},
        {"-.nan", Kind::text, "-.nan"},
        {"2026-01-02", Kind::text, "2026-01-02"},
        {"2026-01-02T03:04:05Z", Kind::text, "2026-01-02T03:04:05Z"},
        {"=", Kind::text, "="},
        {"word", Kind::text, "word"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.written);
        const Scalar scalar = resolve_plain_scalar(row.written);
        CHECK(scalar.kind == row.kind);
        CHECK(scalar.text == row.text);
    }
}

TEST_CASE("a run of digits longer than any number stays a text") {
    const std::string digits(5000, '7');
    CHECK(resolve_plain_scalar(digits).kind == Kind::text);
    CHECK(resolve_plain_scalar(digits.substr(0, 4300)).kind == Kind::integer);
}

TEST_CASE("numbers are read back from their JSON spelling") {
    Node node;
    node.kind = Kind::number;
    node.text = "1e+20";
    CHECK(node.as_number() == 1e20);
    CHECK(number_text(1e20) == "1e+20");
    CHECK(number_text(3) == "3.0");
    node.kind = Kind::integer;
    node.text = "12345678901234567890";
    CHECK(node.as_number() == 12345678901234567890.0);
    CHECK_FALSE(node.as_integer());
    node.text = "-7";
    CHECK(node.as_integer() == -7);
}
