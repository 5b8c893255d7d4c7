import CLibvirtABI

/// A domain's UUID as a key that costs no text.
struct DomainKey: Hashable {
  private let high: UInt64
  private let low: UInt64

  init(_ domain: UnsafeMutableRawPointer?, _ library: LibvirtLibrary) {
    var bytes: (UInt64, UInt64) = (0, 0)
    withUnsafeMutableBytes(of: &bytes) { buffer in
      let start = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
      _ = library.functions.uuid(domain, start)
    }
    (high, low) = bytes
  }

  init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

  /// "6695eb01-f6a4-8304-79aa-97f2502e193f"; nil for anything else.
  init?(_ text: String) {
    let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
    guard digits.count == 32 else { return nil }
    var bytes: (UInt64, UInt64) = (0, 0)
    let isHexadecimal = withUnsafeMutableBytes(of: &bytes) { buffer in
      for index in 0..<16 {
        let pair = String(decoding: digits[2 * index...2 * index + 1], as: UTF8.self)
        guard let byte = UInt8(pair, radix: 16) else { return false }
        buffer[index] = byte
      }
      return true
    }
    guard isHexadecimal else { return nil }
    (high, low) = bytes
  }
}

/// What is known of a domain beside its counters, from its start on.
struct KnownDomain {
  let uuid: String
  let name: String
  var runID: Int64?
  /// Definition and settings are to be read.
  var isStale = true
  /// They have been read in this run.
  var hasDetails = false
  var settings = DomainSettings()
  var definition = DomainDefinition("")
  /// QEMU's process and its groups; nil where its pid file is not to be found or read.
  var process: Int64?
  var group: CgroupFolder?
  var backOff = BackOff()
  /// The snapshot that showed it last.
  var generation: UInt64 = 0

  init(_ domain: UnsafeMutableRawPointer?, _ library: LibvirtLibrary) {
    let size = Int(BALLAST_VIR_UUID_STRING_LENGTH)
    var text = [CChar](repeating: 0, count: size)
    _ = library.functions.uuid_string(domain, &text)
    uuid = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    name = library.functions.name(domain).map { String(cString: $0) } ?? ""
  }

  mutating func take(_ details: DomainDetails, _ files: HostFiles) {
    isStale = false
    hasDetails = true
    definition = details.definition
    settings = details.settings
    settings.pins = details.definition.pins
    process = SmallFile.number(files.path("/run/libvirt/qemu/\(name).pid"))
    group = process.flatMap { files.group(ofProcess: $0) }
    settings.memoryMin = group?.read(.memoryMin)
    settings.memoryLow = group?.read(.memoryLow)
  }

  /// With the counters of now. What they leave out is taken from the definition.
  func snapshot(_ statistics: DomainStatistics) -> DomainSnapshot {
    var shown = DomainSnapshot()
    shown.uuid = uuid
    shown.name = name
    shown.runID = runID
    shown.state = statistics.domainState
    shown.isInTransition = statistics.isInTransition
    shown.vcpus = statistics.vcpus ?? definition.vcpus
    shown.vcpusMax = statistics.vcpusMax ?? definition.vcpusMax
    shown.cpuTime = statistics.cpuTime
    shown.vcpuTime = statistics.vcpuTime
    shown.vcpuDelay = statistics.vcpuDelay
    if !statistics.vcpuTimes.isEmpty { shown.vcpuTimes = statistics.vcpuTimes }
    if !statistics.vcpuDelays.isEmpty { shown.vcpuDelays = statistics.vcpuDelays }
    shown.memoryMax = statistics.memoryMax ?? definition.memoryMax
    shown.memoryCurrent = statistics.memoryCurrent ?? definition.memoryCurrent
    shown.rss = statistics.rss
    shown.guestUnused = statistics.unused
    shown.guestUsable = statistics.usable
    shown.guestAvailable = statistics.available
    shown.guestSwapIn = statistics.swapIn
    shown.guestSwapOut = statistics.swapOut
    shown.guestMajorFaults = statistics.majorFaults
    shown.lastUpdate = statistics.lastUpdate
    shown.statisticsPeriod = definition.statisticsPeriod
    shown.settings = settings
    shown.traits = definition.traits
    return shown
  }
}
