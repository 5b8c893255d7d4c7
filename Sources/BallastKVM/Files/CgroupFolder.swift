/// The control groups of one domain, as files.
///
/// Rule      v1: cpu.shares, cpu.cfs_quota_us, cpu.cfs_period_us; v2: cpu.weight, cpu.max, memory.min, memory.low.
/// Promises  a value that would have no effect is refused with the remedy · nothing else is written, least of all a memory
///           limit.
/// Source    admin-guide/cgroup-v2.rst: a group's protection counts at most what its ancestors protect; scheduler/sched-bwc.rst
///           for v1.
struct CgroupFolder: Sendable {
  let files: HostFiles
  let version: CgroupVersion
  /// Absolute paths on the host; nil: there is none.
  var cpu: String?
  var memory: String?
  /// v2: where the tree begins, whose root has no settings.
  var mount: String?

  init(files: HostFiles, version: CgroupVersion, cpu: String? = nil, memory: String? = nil) {
    self.files = files
    self.version = version
    self.cpu = cpu
    self.memory = memory
  }

  // MARK: Reading

  /// Microseconds per period for the whole group, −1 unlimited; nil where it cannot be read.
  private var bandwidth: (quota: Int64, period: Int64)? {
    guard let cpu else { return nil }
    switch version {
    case .v1:
      guard let quota = number(cpu, "cpu.cfs_quota_us"),
        let period = number(cpu, "cpu.cfs_period_us")
      else { return nil }
      return (quota, period)
    case .v2:
      guard let text = try? SmallFile.read(files.path(cpu + "/cpu.max")) else { return nil }
      let words = text.split(whereSeparator: \.isWhitespace)
      guard words.count == 2, let period = Int64(words[1]) else { return nil }
      return words[0] == "max" ? (-1, period) : Int64(words[0]).map { ($0, period) }
    }
  }

  private func number(_ folder: String, _ name: String) -> Int64? {
    SmallFile.number(files.path("\(folder)/\(name)"))
  }

  /// Bytes; "max" is `Int64.max`.
  private func protection(_ folder: String, _ name: String) -> Int64? {
    guard let text = try? SmallFile.read(files.path("\(folder)/\(name)")) else { return nil }
    return text.hasPrefix("max") ? .max : SmallFile.wholeNumber(text[...])
  }

  func read(_ field: HostWrite.Field) -> Int64? {
    switch field {
    case .cpuWeight:
      return cpu.flatMap { number($0, version == .v1 ? "cpu.shares" : "cpu.weight") }
    case .globalQuota: return bandwidth?.quota
    case .globalPeriod: return bandwidth?.period
    case .memoryMin, .memoryLow:
      guard version == .v2, let memory else { return nil }
      return protection(memory, Self.file(field))
    default: return nil
    }
  }

  /// Nanoseconds of CPU time that the group used; nil where it is not counted.
  var cpuTime: Int64? {
    guard let cpu else { return nil }
    switch version {
    case .v1: return number(cpu, "cpuacct.usage")
    case .v2:
      guard let text = try? SmallFile.read(files.path(cpu + "/cpu.stat")) else { return nil }
      return NamedNumbers(text, separator: " ")["usage_usec"]
        .flatMap { $0 < .max / 1_000 ? $0 * 1_000 : nil }
    }
  }

  /// Bytes at most, nil without a limit.
  var memoryHardLimit: Int64? {
    guard let memory else { return nil }
    let limit =
      version == .v1
      ? number(memory, "memory.limit_in_bytes") : protection(memory, "memory.max")
    return limit.flatMap { $0 < ReadingRange.bytesMax ? $0 : nil }
  }

  private static func file(_ field: HostWrite.Field) -> String {
    field == .memoryMin ? "memory.min" : "memory.low"
  }

  // MARK: Writing

  func write(_ wanted: Int64, to field: HostWrite.Field) throws(HostSystemError) {
    switch field {
    case .cpuWeight:
      try set(cpu, version == .v1 ? "cpu.shares" : "cpu.weight", String(wanted), field)
    case .globalQuota:
      guard version == .v2 else {
        return try set(cpu, "cpu.cfs_quota_us", String(wanted), field)
      }
      try setBandwidth(wanted, bandwidth?.period ?? DomainTarget.usualPeriod, field)
    case .globalPeriod:
      guard version == .v2 else {
        return try set(cpu, "cpu.cfs_period_us", String(wanted), field)
      }
      try setBandwidth(bandwidth?.quota ?? -1, wanted, field)
    case .memoryMin, .memoryLow: try protect(wanted, field)
    default: throw .unsupported("\(field.rawValue) is not a knob of a control group")
    }
  }

  private func setBandwidth(
    _ quota: Int64, _ period: Int64, _ field: HostWrite.Field
  ) throws(HostSystemError) {
    try set(cpu, "cpu.max", "\(quota < 0 ? "max" : String(quota)) \(period)", field)
  }

  private func set(
    _ folder: String?, _ name: String, _ text: String, _ field: HostWrite.Field
  ) throws(HostSystemError) {
    guard let folder else { throw .unsupported("no control group is known for \(field.rawValue)") }
    try files.set(files.path("\(folder)/\(name)"), to: text)
  }

  /// Ancestors that protect less would make it void without a word: that is refused, with what to do.
  private func protect(_ wanted: Int64, _ field: HostWrite.Field) throws(HostSystemError) {
    guard version == .v2, let memory, let mount else {
      throw .unsupported("\(field.rawValue) needs cgroup v2; this host has v1")
    }
    let name = Self.file(field)
    var parts = memory.dropFirst(mount.count).split(separator: "/").dropLast()
    while !parts.isEmpty && wanted > 0 {
      let folder = mount + parts.map { "/" + $0 }.joined()
      let above = protection(folder, name) ?? 0
      if above < wanted {
        let unit = field == .memoryMin ? "MemoryMin" : "MemoryLow"
        throw .refused(
          "\(folder) has \(name) \(above), less than the \(wanted) wanted below it, which would count for "
            + "nothing; raise it first (systemctl set-property \(parts.last ?? "") \(unit)=…)")
      }
      parts = parts.dropLast()
    }
    try set(memory, name, String(wanted), field)
    // libvirt keeps the processes one level below where systemd manages the group.
    let inner = memory + "/libvirt"
    if protection(inner, name) != nil { try set(inner, name, String(wanted), field) }
  }
}
