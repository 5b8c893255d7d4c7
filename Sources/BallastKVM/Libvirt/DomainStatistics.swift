import CLibvirtABI
import Glibc

/// One domain's part of libvirt's bulk statistics.
///
/// Names are compared as the bytes that came, and nothing is made a string: a hundred domains have some five thousand
/// fields at every sample.
///
/// Promises  a field of another type than expected, or unknown, is passed over · nothing traps.
/// Source    https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectGetAllDomainStats; memory in KiB, times in ns.
struct DomainStatistics: Equatable {
  var state: Int64?
  var reason: Int64?
  var cpuTime: Int64?
  var vcpus: Int64?
  var vcpusMax: Int64?
  var vcpuTime: Int64?
  var vcpuDelay: Int64?
  /// The parts of both sums, in libvirt's order.
  var vcpuTimes: [Int64] = []
  var vcpuDelays: [Int64] = []
  /// Bytes
  var memoryCurrent: Int64?
  var memoryMax: Int64?
  var rss: Int64?
  var unused: Int64?
  var usable: Int64?
  var available: Int64?
  var swapIn: Int64?
  var swapOut: Int64?
  var majorFaults: Int64?
  var lastUpdate: Int64?

  init(_ params: UnsafePointer<ballast_vir_param>?, count: Int32) {
    guard let params else { return }
    for index in 0..<Int(max(0, count)) {
      let param = params + index
      let name = UnsafeRawPointer(param).assumingMemoryBound(to: CChar.self)
      guard let value = Self.number(param), value >= 0 else { continue }
      switch name[0] {
      case CChar(bitPattern: UInt8(ascii: "v")): readVCPU(name, value)
      case CChar(bitPattern: UInt8(ascii: "b")): readBalloon(name, value)
      default:
        if strcmp(name, "state.state") == 0 {
          state = value
        } else if strcmp(name, "state.reason") == 0 {
          reason = value
        } else if strcmp(name, "cpu.time") == 0 {
          cpuTime = value
        }
      }
    }
  }

  /// A parameter's value; nil for text, and for what does not fit.
  static func number(_ param: UnsafePointer<ballast_vir_param>) -> Int64? {
    let value = param.pointee.value
    switch ballast_vir_type(rawValue: UInt32(bitPattern: param.pointee.type)) {
    case BALLAST_VIR_INT: return Int64(value.i)
    case BALLAST_VIR_UINT: return Int64(value.ui)
    case BALLAST_VIR_LLONG: return value.l
    case BALLAST_VIR_ULLONG: return Int64(exactly: value.ul)
    case BALLAST_VIR_BOOLEAN: return value.b != 0 ? 1 : 0
    default: return nil
    }
  }

  /// "vcpu.current", "vcpu.maximum", "vcpu.7.time", "vcpu.7.delay"
  private mutating func readVCPU(_ name: UnsafePointer<CChar>, _ value: Int64) {
    guard strncmp(name, "vcpu.", 5) == 0 else { return }
    var field = name + 5
    if strcmp(field, "current") == 0 {
      vcpus = value
      return
    }
    if strcmp(field, "maximum") == 0 {
      vcpusMax = value
      return
    }
    while (0x30...0x39).contains(field[0]) { field += 1 }
    if strcmp(field, ".time") == 0 {
      vcpuTime = Self.sum(vcpuTime, value)
      vcpuTimes.append(value)
    } else if strcmp(field, ".delay") == 0 {
      vcpuDelay = Self.sum(vcpuDelay, value)
      vcpuDelays.append(value)
    }
  }

  private static func sum(_ a: Int64?, _ b: Int64) -> Int64 {
    let (sum, overflow) = (a ?? 0).addingReportingOverflow(max(0, b))
    return overflow ? .max : sum
  }

  private mutating func readBalloon(_ name: UnsafePointer<CChar>, _ value: Int64) {
    guard strncmp(name, "balloon.", 8) == 0 else { return }
    let field = name + 8
    func isNamed(_ name: StaticString) -> Bool {
      name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount + 1) {
        strcmp(field, $0) == 0
      }
    }
    var bytes: Int64 {
      value > ReadingRange.bytesMax / 1_024 ? ReadingRange.bytesMax : value * 1_024
    }
    if isNamed("current") {
      memoryCurrent = bytes
    } else if isNamed("maximum") {
      memoryMax = bytes
    } else if isNamed("rss") {
      rss = bytes
    } else if isNamed("unused") {
      unused = bytes
    } else if isNamed("usable") {
      usable = bytes
    } else if isNamed("available") {
      available = bytes
    } else if isNamed("swap_in") {
      swapIn = bytes
    } else if isNamed("swap_out") {
      swapOut = bytes
    } else if isNamed("major_fault") {
      majorFaults = value
    } else if isNamed("last-update") {
      lastUpdate = value
    }
  }

  /// What the state and its reason mean to a manager.
  var domainState: DomainState {
    switch Int(exactly: state ?? 0) ?? 0 {
    case BALLAST_VIR_STATE_RUNNING, BALLAST_VIR_STATE_BLOCKED: .running
    case BALLAST_VIR_STATE_PAUSED: .paused
    case BALLAST_VIR_STATE_SHUTDOWN: .shutdown
    case BALLAST_VIR_STATE_SHUTOFF: .off
    case BALLAST_VIR_STATE_CRASHED: .crashed
    case BALLAST_VIR_STATE_SUSPENDED: .suspended
    default: .unknown
    }
  }

  /// Migrating, being saved, starting or stopping.
  var isInTransition: Bool {
    let reason = Int(exactly: reason ?? 0) ?? 0
    switch domainState {
    case .running:
      return reason == BALLAST_VIR_RUNNING_POSTCOPY
        || reason == BALLAST_VIR_RUNNING_POSTCOPY_FAILED
    case .paused:
      return [
        BALLAST_VIR_PAUSED_MIGRATION, BALLAST_VIR_PAUSED_SAVE, BALLAST_VIR_PAUSED_DUMP,
        BALLAST_VIR_PAUSED_SHUTTING_DOWN, BALLAST_VIR_PAUSED_SNAPSHOT,
        BALLAST_VIR_PAUSED_STARTING_UP, BALLAST_VIR_PAUSED_POSTCOPY,
        BALLAST_VIR_PAUSED_POSTCOPY_FAILED,
      ].contains(reason)
    case .shutdown: return true
    default: return false
    }
  }
}
