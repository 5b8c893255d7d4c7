import Glibc

/// The files in which a Linux kernel tells of its host: /proc, /sys and the cgroup tree, below a root that tests choose.
///
/// Promises  what is missing or does not read as it should is nil or 0, never a guess, and never a trap; only a host
///           without /proc/stat and /proc/meminfo is an error.
/// Source    the kernel's Documentation: filesystems/proc.rst, accounting/psi.rst, admin-guide/mm/ksm.rst,
///           admin-guide/cputopology.rst, admin-guide/cgroup-v2.rst, admin-guide/cgroup-v1/memory.rst.
public struct HostFiles: Sendable {
  /// Without a slash at its end: "" is the real root.
  let root: String

  public init(root: String = "/") {
    var root = root[...]
    while root.hasSuffix("/") { root = root.dropLast() }
    self.root = String(root)
  }

  func path(_ path: String) -> String { root + path }

  /// What hardly changes on a running host, and costs a file for each CPU to find out.
  struct Standing: Sendable {
    /// Text of the list of CPUs: another list is another host.
    fileprivate var online: String?
    fileprivate var host = HostCounters()
    var tree = CgroupTree()
  }

  /// Counters and settings of the host.
  public func counters() throws(HostSystemError) -> HostCounters {
    var standing: Standing?
    return try counters(&standing)
  }

  /// - Parameter standing: kept from call to call; nil has it read anew.
  func counters(_ standing: inout Standing?) throws(HostSystemError) -> HostCounters {
    // 64 KiB hold the lines of 500 CPUs; interrupts, which nobody reads here, follow them.
    let times = try needed("/proc/stat", 65_536)
    let memory = try needed("/proc/meminfo")
    let online = try? SmallFile.read(onlineCPUs)
    var known = standing ?? Standing()
    if standing == nil || online != known.online {
      known = Standing()
      known.online = online
      known.host.name =
        (try? SmallFile.read(path("/proc/sys/kernel/hostname")))
        .map { String($0.prefix { !$0.isWhitespace }) } ?? ""
      readTopology(online, into: &known.host)
      known.tree = cgroups()
      known.host.cgroups = known.tree.version
      known.host.pageSize = Int64(sysconf(Int32(_SC_PAGESIZE)))
      standing = known
    }
    var host = known.host
    host.cpu = Self.cpuTime(times)
    host.perCPU = Self.perCPU(times)
    readMemory(memory, into: &host)
    if let text = try? SmallFile.read(path("/proc/vmstat")) {
      let counts = NamedNumbers(text, separator: " ")
      host.swapIn = counts["pswpin"]
      host.swapOut = counts["pswpout"]
    }
    host.ksm = mergedPages()
    host.pressure = pressure()
    return host
  }

  private func needed(
    _ name: String, _ sizeMax: Int = SmallFile.sizeMax
  ) throws(HostSystemError) -> String {
    do {
      return try SmallFile.read(path(name), sizeMax)
    } catch {
      throw .unavailable("\(path(name)): \(error.words)")
    }
  }

  // MARK: CPU

  /// The first line of /proc/stat, ticks of 1/100 s (what the kernel calls USER_HZ, whatever its own clock) as ns.
  static func cpuTime(_ text: String) -> NodeCPUTime {
    var result = NodeCPUTime()
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("cpu ") }) else {
      return result
    }
    let ticks = line.split(separator: " ").dropFirst().map { Int64($0) ?? 0 }
    let most = Int64.max / 4 / 10_000_000
    func time(_ places: Int...) -> Int64 {
      places.reduce(0) { $0 + ($1 < ticks.count ? min(max(0, ticks[$1]), most / 4) : 0) }
        * 10_000_000
    }
    result.user = time(0, 1)
    result.system = time(2)
    result.idle = time(3)
    result.ioWait = time(4)
    result.interrupts = time(5, 6)
    result.steal = time(7)
    result.guest = time(8, 9)
    return result
  }

  private static let cpuFolder = "/sys/devices/system/cpu"
  var onlineCPUs: String { path(Self.cpuFolder + "/online") }

  private func readTopology(_ text: String?, into host: inout HostCounters) {
    let folder = path(Self.cpuFolder)
    let online = text.map { Self.list($0) } ?? []
    host.pcpus = Int64(online.count)
    var packages: Set<Int64> = []
    var cores: Set<[Int64]> = []
    for cpu in online {
      let package = SmallFile.number("\(folder)/cpu\(cpu)/topology/physical_package_id")
      let core = SmallFile.number("\(folder)/cpu\(cpu)/topology/core_id")
      packages.insert(package ?? 0)
      cores.insert([package ?? 0, core ?? cpu])
    }
    if !packages.isEmpty && !cores.isEmpty {
      host.sockets = Int64(packages.count)
      host.coresPerSocket = max(1, Int64(cores.count / packages.count))
      host.threadsPerCore = max(1, Int64(online.count / cores.count))
    }
    host.coreRate = coreRate(folder, cpu: online.first ?? 0)
  }

  /// As many CPUs as a kernel can be built for.
  static let cpusMax: Int64 = 8_192

  /// "0-3,8" as numbers; what is not such a list is left out, and what is beyond the first `cpusMax`.
  static func list(_ text: String) -> [Int64] {
    var result: [Int64] = []
    for part in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
        0 <= first, first <= last, last < cpusMax, Int64(result.count) + last - first < cpusMax
      else { continue }
      result += Array(first...last)
    }
    return result
  }

  /// Nominal clock, kHz: what the processor runs at without turbo, from the first source that has it: the frequency
  /// driver's base frequency, the firmware's nominal one, the model's name ("@ 2.60GHz"), the highest of the driver, and
  /// at last what /proc/cpuinfo shows now.
  private func coreRate(_ folder: String, cpu: Int64) -> Int64 {
    let own = "\(folder)/cpu\(cpu)"
    if let base = SmallFile.number(own + "/cpufreq/base_frequency"), base > 0 { return base }
    if let nominal = SmallFile.number(own + "/acpi_cppc/nominal_freq"),
      (1...ReadingRange.ratesMax / 1_000).contains(nominal)
    {
      return nominal * 1_000
    }
    let information = (try? SmallFile.read(path("/proc/cpuinfo"))) ?? ""
    if let named = Self.namedRate(information) { return named }
    if let most = SmallFile.number(own + "/cpufreq/cpuinfo_max_freq"), most > 0 { return most }
    return Self.shownRate(information) ?? 0
  }

  /// From "model name : … @ 2.60GHz"
  static func namedRate(_ information: String) -> Int64? {
    guard let name = field("model name", of: information), let at = name.lastIndex(of: "@") else {
      return nil
    }
    let rate = name[name.index(after: at)...].drop { $0 == " " }
    guard rate.hasSuffix("GHz") else { return nil }
    return thousands(rate.dropLast(3)).map { $0 * 1_000 }
  }

  /// From "cpu MHz : 2596.124"
  static func shownRate(_ information: String) -> Int64? {
    field("cpu MHz", of: information).flatMap { thousands($0) }
  }

  private static func field(_ name: String, of information: String) -> Substring? {
    guard
      let line = information.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
      let colon = line.firstIndex(of: ":")
    else { return nil }
    let value = line[line.index(after: colon)...].drop { $0 == " " }
    return value.lastIndex { $0 != " " }.map { value[...$0] }
  }

  /// "2.6" is 2600; nil for anything that is not a small decimal number.
  private static func thousands(_ text: Substring) -> Int64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = Int64(parts[0]), (0...1_000_000).contains(whole) else {
      return nil
    }
    let digits = parts.count == 2 ? parts[1].prefix(3) : ""
    guard digits.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
    let padded = digits + String(repeating: "0", count: 3 - digits.count)
    return whole * 1_000 + (Int64(padded) ?? 0)
  }

  // MARK: Memory

  private func readMemory(_ text: String, into host: inout HostCounters) {
    let numbers = NamedNumbers(text, separator: ":")
    host.memoryTotal = numbers.bytes("MemTotal") ?? 0
    host.memoryFree = numbers.bytes("MemFree") ?? 0
    host.memoryAvailable = numbers.bytes("MemAvailable")
    host.buffers = numbers.bytes("Buffers") ?? 0
    host.cached = numbers.bytes("Cached") ?? 0
    host.swapTotal = numbers.bytes("SwapTotal")
    host.swapFree = numbers.bytes("SwapFree")
    host.largePages = numbers.bytes("AnonHugePages")
    // All sizes together where the kernel adds them up, else those of the default size.
    host.hugePagesTotal =
      numbers.bytes("Hugetlb")
      ?? numbers["HugePages_Total"].flatMap { count in
        numbers.bytes("Hugepagesize").flatMap {
          let (bytes, overflow) = $0.multipliedReportingOverflow(by: count)
          return overflow ? nil : bytes
        }
      }
  }

  // MARK: Page merging

  static let mergingFolder = "/sys/kernel/mm/ksm"

  /// Nil where the kernel cannot merge pages.
  func mergedPages() -> KSMReadings? {
    let folder = path(Self.mergingFolder)
    guard let run = SmallFile.number(folder + "/run") else { return nil }
    var ksm = KSMReadings()
    ksm.run = run
    ksm.pagesToScan = SmallFile.number(folder + "/pages_to_scan") ?? 0
    ksm.sleepMilliseconds = SmallFile.number(folder + "/sleep_millisecs") ?? 0
    ksm.pagesShared = SmallFile.number(folder + "/pages_shared") ?? 0
    ksm.pagesSharing = SmallFile.number(folder + "/pages_sharing") ?? 0
    ksm.pagesUnshared = SmallFile.number(folder + "/pages_unshared") ?? 0
    ksm.pagesVolatile = SmallFile.number(folder + "/pages_volatile") ?? 0
    ksm.fullScans = SmallFile.number(folder + "/full_scans") ?? 0
    return ksm
  }

  /// Nil for a knob of something else.
  private static func mergingFile(_ field: HostWrite.Field) -> String? {
    switch field {
    case .ksmRun: "run"
    case .ksmPagesToScan: "pages_to_scan"
    case .ksmSleepMilliseconds: "sleep_millisecs"
    default: nil
    }
  }

  /// A knob of the host; nil where it cannot be read.
  public func read(_ field: HostWrite.Field) -> Int64? {
    Self.mergingFile(field).flatMap { SmallFile.number(path(Self.mergingFolder) + "/" + $0) }
  }

  public func write(_ wanted: Int64, to field: HostWrite.Field) throws(HostSystemError) {
    guard let name = Self.mergingFile(field) else {
      throw .unsupported("\(field.rawValue) is not a knob of the host")
    }
    try set(path(Self.mergingFolder) + "/" + name, to: String(wanted))
  }

  /// Writes a setting, and says what stands in its way.
  func set(_ path: String, to text: String) throws(HostSystemError) {
    do {
      try SmallFile.write(text, to: path)
    } catch {
      switch error {
      case .missing: throw .unsupported("\(path): \(error.words)")
      case .denied:
        throw .denied("\(path): permission denied; run as root, or leave this knob to a helper")
      case .failed: throw .refused("\(path) does not take \(text): \(error.words)")
      }
    }
  }

  // MARK: Pressure

  private func pressure() -> PressureReadings? {
    func stalls(_ name: String) -> (some: Int64, full: Int64)? {
      guard let text = try? SmallFile.read(path("/proc/pressure/" + name)) else { return nil }
      func total(_ kind: String) -> Int64? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(kind) }),
          let word = line.split(separator: " ").first(where: { $0.hasPrefix("total=") })
        else { return nil }
        return Int64(word.dropFirst(6)).flatMap { $0 >= 0 ? $0 : nil }
      }
      return total("some").map { ($0, total("full") ?? 0) }
    }
    guard let cpu = stalls("cpu"), let memory = stalls("memory"), let io = stalls("io") else {
      return nil
    }
    var result = PressureReadings()
    result.cpuSome = cpu.some
    (result.memorySome, result.memoryFull) = memory
    (result.ioSome, result.ioFull) = io
    return result
  }
}
