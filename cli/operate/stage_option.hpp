// `--stage` of `fleet scale`: how a pool's stages depend on each other.
#pragma once

#include <string>
#include <vector>

#include "common/model/pool.hpp"

namespace fleet::cli {

/// "write:rank=2,low=5,high=50,provider=openai/gpt-5" sets what it names and leaves the rest;
/// "write:none" forgets the stage. Throws UsageError.
void apply_stage_option(const std::string& text, std::vector<model::StagePolicy>& stages);
/// "rank 2, low water 5, high water 50, provider openai/gpt-5".
[[nodiscard]] std::string describe_stage(const model::StagePolicy& stage);

}  // namespace fleet::cli
