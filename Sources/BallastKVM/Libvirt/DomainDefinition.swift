import BallastUnits

/// What of a domain's live XML Ballast looks at.
///
/// Source    https://libvirt.org/formatdomain.html: memory backing, balloon, host devices, metadata.
struct DomainDefinition: Sendable, Equatable {
  /// Of the metadata element `<ballast:manage xmlns:ballast='urn:ballast:domain:1' memory-minimum='512 MiB'/>`, by which
  /// the owner of a domain puts it under management.
  static let namespace = "urn:ballast:domain:1"

  /// Bytes; 0 where the document does not say.
  var memoryMax: Int64 = 0
  var memoryCurrent: Int64 = 0
  var vcpus: Int64 = 0
  var vcpusMax: Int64 = 0
  var statisticsPeriod: Int64?
  var traits = DomainTraits()
  var pins: [String] = []

  init(_ xml: String) {
    traits.hasBalloon = false
    var reader = XMLReader(xml)
    var path: [String] = []
    var units = ""
    var cpuset = ""
    var pinned: [(vcpu: Int, cpuset: String)] = []
    while let event = reader.next() {
      switch event {
      case .start(let name, let attributes):
        path.append(name)
        units = attributes["unit"] ?? "KiB"
        note(path, attributes)
        switch path.count {
        case 2 where name == "vcpu":
          vcpus = attributes["current"].flatMap { Int64($0) } ?? 0
          cpuset = attributes["cpuset"] ?? ""
        case 3 where path[1] == "cputune" && name == "vcpupin":
          if let vcpu = attributes["vcpu"].flatMap({ Int($0) }) {
            pinned.append((vcpu, attributes["cpuset"] ?? ""))
          }
        default: break
        }
      case .text(let text): read(text, path, units)
      case .end: _ = path.popLast()
      }
    }
    if vcpus == 0 { vcpus = vcpusMax }
    if (1...4_096).contains(vcpusMax) {
      pins = Array(repeating: cpuset, count: Int(vcpusMax))
      for (vcpu, cpuset) in pinned where pins.indices.contains(vcpu) { pins[vcpu] = cpuset }
    }
  }

  private mutating func read(_ text: String, _ path: [String], _ unit: String) {
    guard path.count == 2, path[0] == "domain" else { return }
    switch path[1] {
    case "memory": memoryMax = Self.bytes(text, unit: unit) ?? memoryMax
    case "currentMemory": memoryCurrent = Self.bytes(text, unit: unit) ?? memoryCurrent
    case "vcpu": vcpusMax = SmallFile.wholeNumber(text[...]) ?? vcpusMax
    default: break
    }
  }

  private mutating func note(_ path: [String], _ attributes: [String: String]) {
    guard path.count >= 3, path[0] == "domain" else { return }
    switch (path[1], path[2]) {
    case ("memoryBacking", "hugepages"): traits.usesHugePages = true
    case ("memoryBacking", "locked"): traits.locksMemory = true
    case ("devices", "memballoon"): noteBalloon(path, attributes)
    case ("devices", "hostdev") where path.count == 3:
      // Devices on a bus that QEMU serves itself do not pin the guest's memory.
      let type = attributes["type"] ?? ""
      if type != "usb" && !type.hasPrefix("scsi") { traits.hasPassthrough = true }
    case ("devices", "interface") where path.count == 3:
      let type = attributes["type"] ?? ""
      if type == "hostdev" || type == "vdpa" { traits.hasPassthrough = true }
    case ("metadata", let name) where path.count == 3: noteMark(name, attributes)
    default: break
    }
  }

  private mutating func noteBalloon(_ path: [String], _ attributes: [String: String]) {
    if path.count == 3 {
      let model = attributes["model"] ?? "none"
      traits.hasBalloon = model != "none"
      traits.deflatesOnOOM = attributes["autodeflate"] == "on"
      traits.reportsFreePages = attributes["freePageReporting"] == "on"
      statisticsPeriod = traits.hasBalloon ? 0 : nil
    } else if path.count == 4 && path[3] == "stats" && traits.hasBalloon {
      statisticsPeriod = attributes["period"].flatMap { Int64($0) } ?? 0
    }
  }

  /// An element of Ballast's namespace, whatever its prefix is.
  private mutating func noteMark(_ name: String, _ attributes: [String: String]) {
    let parts = name.split(separator: ":", maxSplits: 1)
    let declaration = parts.count == 2 ? "xmlns:\(parts[0])" : "xmlns"
    guard attributes[declaration] == Self.namespace, parts.last == "manage" else { return }
    traits.isMarked = true
    if let minimum = attributes["memory-minimum"] {
      let number = minimum.prefix { $0.isNumber }
      let unit = minimum[number.endIndex...].drop { $0 == " " }
      traits.memoryMinimum = Self.bytes(String(number), unit: String(unit)) ?? 0
    }
  }

  /// libvirt's scaled integers: "KiB" is 1024, "KB" 1000, a bare letter binary; nil for an unknown unit or too many.
  static func bytes(_ text: String, unit: String) -> Int64? {
    guard let number = SmallFile.wholeNumber(text[...]), number >= 0 else { return nil }
    let factor: Int64
    switch unit {
    case "b", "B", "bytes", "": factor = 1
    case "KB": factor = 1_000
    case "k", "K", "KiB": factor = 1 << 10
    case "MB": factor = 1_000_000
    case "M", "MiB": factor = 1 << 20
    case "GB": factor = 1_000_000_000
    case "G", "GiB": factor = 1 << 30
    case "TB": factor = 1_000_000_000_000
    case "T", "TiB": factor = 1 << 40
    default: return nil
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow || bytes > ReadingRange.bytesMax ? nil : bytes
  }
}
