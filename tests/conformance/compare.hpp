// Whether a result is the expected one, by the rules of the corpus: numbers by value, errors by
// class, children and the calls of concurrent samples in any order. Pure.
#pragma once

#include <set>
#include <string>

#include "common/base/json.hpp"
#include "tests/conformance/case_file.hpp"

namespace fleet::conformance {

/// Where two results differ first.
struct Difference {
    std::string path;  ///< empty: they agree
    base::Json expected;
    base::Json got;
};

class Comparison {
  public:
    /// `case` outlives it.
    explicit Comparison(const CaseFile& one);

    [[nodiscard]] Difference compare(const base::Json& expected, const base::Json& got) const;
    /// Only the members that `stated` has.
    [[nodiscard]] Difference compare_stated(const base::Json& stated, const base::Json& got) const;

  private:
    [[nodiscard]] Difference at(const base::Json& expected, const base::Json& got,
                                const std::string& path) const;
    [[nodiscard]] Difference objects(const base::Json& expected, const base::Json& got,
                                     const std::string& path) const;
    [[nodiscard]] Difference lists(const base::Json& expected, const base::Json& got,
                                   const std::string& path) const;
    [[nodiscard]] bool same_in_any_order(const base::Json& expected, const base::Json& got) const;
    [[nodiscard]] Difference errors(const base::Json& expected, const base::Json& got,
                                    const std::string& path) const;
    void find_loose(const base::Json& expected);
    void add_loose(const base::Json& message, const base::Json& type);

    const CaseFile& case_;
    bool order_is_free_ = false;  ///< samples or children that run at once share counters
    /// Texts of the reference's own errors: any text that is not empty will do.
    std::set<std::string> loose_;
};

}  // namespace fleet::conformance
