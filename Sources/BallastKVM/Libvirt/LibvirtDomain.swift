import CLibvirtABI

/// The bulk statistics as libvirt hands them out; to be freed once.
struct StatisticsRecords: @unchecked Sendable {
  // Unchecked: whoever holds it owns the list.
  private let list: UnsafeMutablePointer<UnsafeMutablePointer<ballast_vir_record>?>?
  let count: Int
  private let library: LibvirtLibrary

  /// All active domains, without waiting for any. On the thread of the call.
  static func all(
    of connection: LibvirtConnection
  ) -> Result<StatisticsRecords, LibvirtFailure> {
    let groups = UInt32(
      BALLAST_VIR_STATS_STATE | BALLAST_VIR_STATS_CPU_TOTAL | BALLAST_VIR_STATS_BALLOON
        | BALLAST_VIR_STATS_VCPU)
    let active = UInt32(BALLAST_VIR_ALL_ACTIVE)
    let functions = connection.library.functions
    var list: UnsafeMutablePointer<UnsafeMutablePointer<ballast_vir_record>?>?
    var count = functions.all_stats(
      connection.pointer, groups, &list, active | UInt32(BALLAST_VIR_ALL_NOWAIT))
    var failure = LibvirtFailure(code: 0, message: "")
    if count < 0 {
      failure = connection.library.lastFailure()
      // Drivers of libvirt that have no guests to wait for do not know the flag, or most groups.
      if case .unsupported = failure.error(about: nil) {
        count = functions.all_stats(connection.pointer, 0, &list, active)
        if count < 0 { failure = connection.library.lastFailure() }
      }
    }
    guard count >= 0 else { return .failure(failure) }
    return .success(
      StatisticsRecords(list: list, count: Int(count), library: connection.library))
  }

  subscript(index: Int) -> ballast_vir_record {
    list?[index]?.pointee ?? ballast_vir_record()
  }

  func free() {
    // With the last domain its connection may be closed.
    if let list { withoutBrokenPipes { library.functions.free_stats(list) } }
  }
}

/// A domain that is being asked or told something, on the thread of the call; freed at its end.
final class LibvirtDomain {
  let library: LibvirtLibrary
  let pointer: UnsafeMutableRawPointer
  private static let live = UInt32(BALLAST_VIR_AFFECT_LIVE)

  init(_ uuid: String, _ connection: LibvirtConnection) throws(LibvirtFailure) {
    library = connection.library
    guard let found = library.functions.lookup_uuid(connection.pointer, uuid) else {
      throw library.lastFailure()
    }
    pointer = found
  }

  deinit { _ = library.functions.free_domain(pointer) }

  private func demand(_ outcome: Int32) throws(LibvirtFailure) {
    if outcome < 0 { throw library.lastFailure() }
  }

  func definition() throws(LibvirtFailure) -> DomainDefinition {
    guard let text = library.functions.xml(pointer, 0) else { throw library.lastFailure() }
    defer { ballast_libvirt_release(text) }
    var definition = DomainDefinition(String(cString: text))
    definition.traits.isPersistent = library.functions.is_persistent(pointer) == 1
    return definition
  }

  /// The scheduler's settings as they act now.
  func scheduler() throws(LibvirtFailure) -> [Parameter] {
    var count: Int32 = 0
    guard let type = library.functions.scheduler_type(pointer, &count) else {
      throw library.lastFailure()
    }
    ballast_libvirt_release(type)
    return try parameters(&count) { library.functions.scheduler(pointer, $0, $1, $2) }
  }

  func memoryParameters() throws(LibvirtFailure) -> [Parameter] {
    var count: Int32 = 0
    try demand(
      library.functions.memory_params(
        pointer, nil, &count, Self.live))
    return try parameters(&count) { library.functions.memory_params(pointer, $0, $1, $2) }
  }

  struct Parameter {
    let name: String
    let value: Int64?
  }

  private func parameters(
    _ count: inout Int32,
    _ call: (UnsafeMutablePointer<ballast_vir_param>, UnsafeMutablePointer<Int32>, UInt32) -> Int32
  ) throws(LibvirtFailure) -> [Parameter] {
    guard (1...256).contains(count) else { return [] }
    var params = Array(repeating: ballast_vir_param(), count: Int(count))
    let outcome = params.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.map { call($0, &count, Self.live) } ?? -1
    }
    try demand(outcome)
    return params.prefix(Int(max(0, count))).map { param in
      withUnsafePointer(to: param) { param in
        let name = UnsafeRawPointer(param).assumingMemoryBound(to: CChar.self)
        return Parameter(name: String(cString: name), value: DomainStatistics.number(param))
      }
    }
  }

  /// One scheduler parameter of a running domain.
  func set(_ name: StaticString, _ value: Int64, isUnsigned: Bool) throws(LibvirtFailure) {
    var param = ballast_vir_param()
    withUnsafeMutableBytes(of: &param.field) { field in
      for (index, byte) in UnsafeBufferPointer(
        start: name.utf8Start, count: min(name.utf8CodeUnitCount, field.count - 1)
      ).enumerated() {
        field[index] = byte
      }
    }
    if isUnsigned {
      param.type = Int32(BALLAST_VIR_ULLONG.rawValue)
      param.value.ul = UInt64(max(0, value))
    } else {
      param.type = Int32(BALLAST_VIR_LLONG.rawValue)
      param.value.l = value
    }
    try demand(
      library.functions.set_scheduler(
        pointer, &param, 1, Self.live))
  }

  /// - Parameter bytes: rounded up to KiB.
  func setMemory(_ bytes: Int64) throws(LibvirtFailure) {
    let kibibytes = UInt((max(0, min(bytes, ReadingRange.bytesMax)) + 1_023) / 1_024)
    try demand(
      library.functions.set_memory(pointer, kibibytes, Self.live))
  }

  func setStatisticsPeriod(_ seconds: Int64) throws(LibvirtFailure) {
    let seconds = Int32(clamping: max(0, seconds))
    try demand(
      library.functions.set_memory_period(
        pointer, seconds, Self.live))
  }

  /// A job is in progress that the domain must not be disturbed in: migration, save, dump. Where nobody can say, none is.
  var isBusy: Bool {
    var job = ballast_vir_job()
    guard library.functions.job(pointer, &job) == 0 else { return false }
    return job.type == BALLAST_VIR_JOB_BOUNDED || job.type == BALLAST_VIR_JOB_UNBOUNDED
  }
}

/// What is asked of a domain when it has started, in one go.
struct DomainDetails: Sendable {
  var definition: DomainDefinition
  var settings: DomainSettings

  /// On the thread of the call. Settings that this libvirt does not know stay nil; anything else is a failure of the whole.
  static func ask(
    _ uuid: String, _ connection: LibvirtConnection
  ) -> Result<DomainDetails, LibvirtFailure> {
    do throws(LibvirtFailure) {
      let domain = try LibvirtDomain(uuid, connection)
      var details = DomainDetails(
        definition: try domain.definition(), settings: DomainSettings())
      for parameter in try known({ () throws(LibvirtFailure) in try domain.scheduler() }) {
        details.note(scheduler: parameter)
      }
      for parameter in try known({ () throws(LibvirtFailure) in try domain.memoryParameters() }) {
        // KiB; libvirt's word for unlimited is 2⁵³ − 1.
        if parameter.name == "hard_limit", let limit = parameter.value, limit < 1 << 43 {
          details.settings.memoryHardLimit = limit * 1_024
        }
      }
      return .success(details)
    } catch {
      return .failure(error)
    }
  }

  private static func known(
    _ ask: () throws(LibvirtFailure) -> [LibvirtDomain.Parameter]
  ) throws(LibvirtFailure) -> [LibvirtDomain.Parameter] {
    do throws(LibvirtFailure) {
      return try ask()
    } catch {
      if case .unsupported = error.error(about: nil) { return [] }
      throw error
    }
  }

  mutating func note(scheduler parameter: LibvirtDomain.Parameter) {
    guard let value = parameter.value else { return }
    switch parameter.name {
    case "cpu_shares": settings.cpuWeight = value
    case "vcpu_quota": settings.vcpuQuota = value < 0 ? -1 : value
    case "vcpu_period": settings.vcpuPeriod = value
    case "global_quota": settings.globalQuota = value < 0 ? -1 : value
    case "global_period": settings.globalPeriod = value
    default: break
    }
  }
}
