// The parts of timestamps, in UTC or in the time zone of the second argument, and of durations.
#include "machines/cel/functions.hpp"
#include "machines/cel/time.hpp"

namespace fleet::cel {
namespace {

CalendarTime calendar(std::string_view name, const Arguments& arguments) {
    require_types(name, arguments, {Type::timestamp, Type::string});
    return calendar_time(as_timestamp(arguments[0]),
                         arguments.size() == 2 ? parse_zone(arguments[1].as_string()) : 0);
}

Value number(std::int64_t value) {
    return Value::integer(value);
}

bool is_duration(const Arguments& arguments) {
    return arguments.size() == 1 && type_of(arguments[0]) == Type::duration;
}

/// The whole duration in a unit.
Value whole(const Arguments& arguments, std::int64_t unit_seconds) {
    return number(whole_seconds(as_duration(arguments[0])) / unit_seconds);
}

}  // namespace

Value full_year(const Arguments& arguments, Meter& /*meter*/) {
    return number(calendar("getFullYear", arguments).year);
}
Value month(const Arguments& arguments, Meter& /*meter*/) {
    return number(calendar("getMonth", arguments).month - std::int64_t{1});
}
Value date(const Arguments& arguments, Meter& /*meter*/) {
    return number(calendar("getDate", arguments).day);
}
Value day_of_month(const Arguments& arguments, Meter& /*meter*/) {
    return number(calendar("getDayOfMonth", arguments).day - std::int64_t{1});
}
Value day_of_week(const Arguments& arguments, Meter& /*meter*/) {
    return number(calendar("getDayOfWeek", arguments).day_of_week);
}
Value day_of_year(const Arguments& arguments, Meter& /*meter*/) {
    return number(calendar("getDayOfYear", arguments).day_of_year);
}
Value hours(const Arguments& arguments, Meter& /*meter*/) {
    return is_duration(arguments) ? whole(arguments, 3600)
                                  : number(calendar("getHours", arguments).hour);
}
Value minutes(const Arguments& arguments, Meter& /*meter*/) {
    return is_duration(arguments) ? whole(arguments, 60)
                                  : number(calendar("getMinutes", arguments).minute);
}
Value seconds(const Arguments& arguments, Meter& /*meter*/) {
    return is_duration(arguments) ? whole(arguments, 1)
                                  : number(calendar("getSeconds", arguments).second);
}
/// Of a duration too, what is beside its whole seconds.
Value milliseconds(const Arguments& arguments, Meter& /*meter*/) {
    return is_duration(arguments) ? number(milliseconds_part(as_duration(arguments[0])))
                                  : number(calendar("getMilliseconds", arguments).millisecond);
}

}  // namespace fleet::cel
