// Between an Attr and the C++ type that a schema's kind stands for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rushlight/core/arguments.h"
#include "rushlight/core/attr.h"
#include "rushlight/core/generator.h"

namespace rushlight {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
T read_attr(const Attr& attr) {
  if constexpr (is_optional<T>) {
    return attr.given() ? T(read_attr<typename T::value_type>(attr)) : T();
  } else if constexpr (std::is_same_v<T, OptionalIntList>) {
    return attr.given() ? OptionalIntList(attr.as_ints()) : OptionalIntList();
  } else if constexpr (std::is_same_v<T, OptionalRealList>) {
    return attr.given() ? OptionalRealList(attr.as_reals()) : OptionalRealList();
  } else if constexpr (std::is_same_v<T, double>) {
    return attr.as_real();
  } else if constexpr (std::is_same_v<T, int64_t>) {
    return attr.as_int();
  } else if constexpr (std::is_same_v<T, bool>) {
    return attr.as_bool();
  } else if constexpr (std::is_same_v<T, IntList>) {
    return IntList(attr.as_ints());
  } else if constexpr (std::is_same_v<T, RealList>) {
    return RealList(attr.as_reals());
  } else if constexpr (std::is_same_v<T, DType>) {
    return attr.as_dtype();
  } else if constexpr (std::is_same_v<T, std::string>) {
    return attr.as_text();
  } else if constexpr (std::is_same_v<T, Slot>) {
    return attr.as_slot();
  } else {
    static_assert(std::is_same_v<T, Generator>);
    return attr.as_generator();
  }
}

template <class T>
Attr to_attr(const T& value) {
  if constexpr (std::is_same_v<T, OptionalIntList>)
    return value ? Attr(static_cast<const Ints&>(*value)) : Attr();
  else if constexpr (std::is_same_v<T, IntList>)
    return Attr(static_cast<const Ints&>(value));
  else if constexpr (std::is_same_v<T, RealList>)
    return Attr(static_cast<const Reals&>(value));
  else if constexpr (std::is_same_v<T, OptionalRealList>)
    return value ? Attr(static_cast<const Reals&>(*value)) : Attr();
  else
    return Attr(value);
}

}  // namespace rushlight
