// Where memory is. Which kernels run host tensors is another question: Context.host_backend.
#pragma once

#include <cstdint>
#include <string>

namespace rushlight {

enum class DeviceType : uint8_t { cpu, cuda };

struct Device {
  DeviceType type = DeviceType::cpu;
  int8_t index = 0;
  friend bool operator==(Device, Device) = default;
};

inline void append_text(std::string& text, Device device) {
  if (device.type == DeviceType::cpu) {
    text += "cpu";
  } else {
    text += "cuda:";
    text += std::to_string(device.index);
  }
}

}  // namespace rushlight
