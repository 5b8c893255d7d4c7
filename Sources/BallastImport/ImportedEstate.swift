import BallastUnits

/// What a planner's export says of a site: clusters, hosts, pools and VMs, before it becomes a scenario.
///
/// Every amount that an export may lack is optional: nil is "not said", never 0. Order is that of the source.
public struct ImportedEstate: Sendable {
  /// The format it was read from, such as "rvtools".
  public var format: String
  public var clusters: [ImportedCluster] = []
  public var hosts: [ImportedHost] = []
  public var pools: [ImportedPool] = []
  public var vms: [ImportedVM] = []
  /// How long the measured series run; zero for a snapshot.
  public var span: SimDuration = .zero

  public init(format: String) { self.format = format }
}

/// Where in an export something stands; rows count from 1, the header included.
public struct ImportPlace: Hashable, Sendable, CustomStringConvertible {
  /// The tab, or the file's name.
  public var sheet: String
  public var row: Int?
  public var column: String?

  public init(_ sheet: String, row: Int? = nil, column: String? = nil) {
    self.sheet = sheet
    self.row = row
    self.column = column.map { shortened($0, to: 100) }
  }

  public var description: String {
    var text = sheet
    if let row { text += " row \(row)" }
    if let column { text += " column \"\(column)\"" }
    return text
  }
}

public struct ImportedCluster: Sendable {
  public var name: String
  public var place: ImportPlace
  /// What the hypervisor's own HA and DRS are set to, in words; empty where the export is silent.
  public var notes: [String] = []
}

public struct ImportedHost: Sendable {
  public var name: String
  public var cluster: String
  public var place: ImportPlace
  public var sockets: Int64 = 1
  public var coresPerSocket: Int64
  public var threadsPerCore: Int64 = 1
  public var clock: Kilohertz
  public var memory: Bytes
  /// Parts of the host's capacity in use when the export was made.
  public var cpuUsage: PartsPerMillion?
  public var memoryUsage: PartsPerMillion?

  var cores: Int64 { sockets * coresPerSocket }
  var capacity: Kilohertz { clock * cores }
}

/// Reservation, limit and shares of one resource; amounts in kHz or bytes.
public struct ImportedSettings: Hashable, Sendable {
  public var reservation: Int64 = 0
  /// nil is unlimited.
  public var limit: Int64?
  /// nil is the profile's default.
  public var shares: Int64?
  public var isExpandable = true

  public init() {}
}

public struct ImportedPool: Sendable {
  public var cluster: String
  /// Names from the cluster's root down.
  public var path: [String]
  public var place: ImportPlace
  public var cpu = ImportedSettings()
  public var memory = ImportedSettings()
}

/// What a VM was using: at one moment, or a mean over the export's samples.
public struct ImportedUse: Sendable {
  public var cpu: Kilohertz?
  /// Of all vCPUs.
  public var cpuPercent: PartsPerMillion?
  public var active: Bytes?
  public var consumed: Bytes?
  public var ballooned: Bytes?
  public var swapped: Bytes?
  /// Ready time in percent of the interval, per vCPU.
  public var readyPerVCPU: PartsPerMillion?
}

/// What the hypervisor itself said that the VM may have.
public struct ImportedEntitlements: Sendable {
  public var cpu: Kilohertz?
  public var cpuByDRS: Kilohertz?
  public var memory: Bytes?
  public var memoryByDRS: Bytes?
}

public struct ImportedVM: Sendable {
  public var name: String
  public var place: ImportPlace
  public var cluster: String?
  public var host: String?
  /// Names from the cluster's root down; empty for none.
  public var pool: [String] = []
  public var isOn = true
  public var isTemplate = false
  public var vcpus: Int64?
  public var memory: Bytes?
  public var cpuSettings = ImportedSettings()
  public var memorySettings = ImportedSettings()
  /// A word of the format: highest … lowest, disabled.
  public var restartPriority: String?
  public var use = ImportedUse()
  public var entitlements = ImportedEntitlements()
  /// Power-on and power-off, where the export is about arrivals; ns from its start.
  public var start: SimDuration?
  public var stop: SimDuration?
  /// VMs alike under one name.
  public var count: Int64 = 1
  /// CPU in parts per million of the VM's size over time, where the export has samples.
  public var series: [ImportedSample] = []

  public init(name: String, place: ImportPlace) {
    self.name = name
    self.place = place
  }
}

public struct ImportedSample: Sendable, Equatable {
  public var time: SimDuration
  public var cpu: PartsPerMillion
  public var memory: PartsPerMillion?
}
