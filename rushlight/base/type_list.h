// A list of types, walked at compile time. The only header of base that math may include.
#pragma once

namespace rushlight {

template <class T>
struct TypeTag {
  using type = T;
};

template <class... Ts>
struct TypeList {
  static constexpr int size = sizeof...(Ts);

  // Calls f(TypeTag<T>{}) for each T, in order.
  template <class F>
  static constexpr void for_each(F&& f) {
    (f(TypeTag<Ts>{}), ...);
  }
};

}  // namespace rushlight
