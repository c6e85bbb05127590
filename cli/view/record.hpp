// The record of one execution as `fleet show` and `fleet why` print it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/core/context.hpp"
#include "cli/view/case_file.hpp"
#include "common/base/json_text.hpp"

namespace fleet::cli {

/// Names and what is said of them.
using Facts = std::vector<std::pair<std::string, std::string>>;
/// What both commands tell.
[[nodiscard]] Facts common_facts(const CaseFile& file);
/// The whole record.
[[nodiscard]] Facts record_facts(const CaseFile& file);
/// The keys of an execution as everywhere, and after them what only these commands tell.
[[nodiscard]] base::JsonText record_json(const CaseFile& file);
/// One object out of two.
[[nodiscard]] base::JsonText joined_json(base::JsonText first, const base::JsonText& second);

void print_title(CommandContext& context, const CaseFile& file, const std::string& headline);
void print_facts(CommandContext& context, const Facts& facts);
void print_attempts(CommandContext& context, const CaseFile& file);
/// Lines under a heading; nothing when there are none.
void print_list(CommandContext& context, const std::string& title,
                const std::vector<std::string>& lines);

}  // namespace fleet::cli
