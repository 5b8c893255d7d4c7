import BallastUnits

extension ImportFormat {
  /// An RVTools export: a workbook, a folder of CSV files, or one CSV file of the tab vInfo.
  ///
  /// Rule      vInfo says which VMs there are and how large; vCPU and vMemory add settings, use and the
  ///           hypervisor's own entitlements; vHost the hosts; vRP the pools; vCluster what HA and DRS are set to;
  ///           vDisk is counted. Only vInfo must be there.
  /// Amounts   MB and MiB both mean 2²⁰ bytes (RVTools changed the word, not the number); −1 is unlimited.
  static let rvtools = ImportFormat(
    name: "rvtools",
    summary: "an RVTools export: .xlsx, a folder of its CSV files, or one CSV file of vInfo",
    read: { path, options, report throws(ImportError) in
      let tabs = try RVToolsTabs(path, &report)
      guard let info = tabs["vinfo"] else {
        throw ImportError(
          path, "there is no tab vInfo in it", remedy: "export all tabs: vInfo has the VMs")
      }
      guard info.sheet.column(Headings.vm) != nil else {
        throw ImportError(
          path, "the tab vInfo has no column \"VM\"",
          remedy: "its first row must be RVTools' headings", at: ImportPlace("vInfo", row: 1))
      }
      guard !info.sheet.rows.isEmpty else {
        throw ImportError(
          path, "no VM is left to simulate: the tab vInfo has headings and no rows below them",
          remedy: "export it again", at: ImportPlace("vInfo", row: 1))
      }
      var reader = RVToolsReader(report: report)
      reader.readClusters(tabs["vcluster"])
      reader.readHosts(tabs["vhost"])
      reader.readPools(tabs["vrp"])
      reader.readInfo(info)
      reader.readCPU(tabs["vcpu"])
      reader.readMemory(tabs["vmemory"])
      reader.readDisks(tabs["vdisk"])
      reader.compareTotals(tabs["vhost"], tabs["vcluster"])
      report = reader.report
      return reader.estate
    })
}

/// Headings by which columns are found, each in its normalised form and with what other versions call it.
enum Headings {
  static let vm = ["vm", "vm name", "name"]
  static let power = ["powerstate", "power state"]
  static let template = ["template"]
  static let placeholder = ["srm placeholder"]
  static let cpus = ["cpus", "# cpus", "num cpu", "num cpus", "cpu"]
  static let memory = ["memory", "memory size", "size"]
  static let activeMemory = ["active memory"]
  static let pool = ["resource pool", "resourcepool"]
  static let datacenter = ["datacenter"]
  static let cluster = ["cluster", "cluster name"]
  static let host = ["host", "host name"]
  static let id = ["vm id", "object id"]
  static let uuid = ["vm uuid"]
  static let priority = ["ha restart priority", "das restart priority"]
  static let overall = ["overall"]
  static let shares = ["shares"]
  static let reservation = ["reservation"]
  static let limit = ["limit"]
  static let entitlement = ["entitlement"]
  static let drsEntitlement = ["drs entitlement"]
  static let consumed = ["consumed"]
  static let swapped = ["swapped"]
  static let ballooned = ["ballooned"]
  static let active = ["active"]
  static let speed = ["speed"]
  static let sockets = ["# cpu", "#cpu"]
  static let coresPerCPU = ["cores per cpu"]
  static let cores = ["# cores", "#cores"]
  static let hyperThreads = ["ht active"]
  static let cpuUsage = ["cpu usage %"]
  static let hostMemory = ["# memory", "#memory"]
  static let memoryUsage = ["memory usage %"]
  static let maintenance = ["in maintenance mode", "maintenance mode"]
  static let vmCount = ["# vms", "#vms"]
  static let vcpuCount = ["# vcpus", "#vcpus"]
  static let poolName = ["resource pool name", "resource pool", "name"]
  static let poolPath = ["resource pool path"]
  static let poolCPULimit = ["cpu limit"]
  static let poolCPUReservation = ["cpu reservation"]
  static let poolCPUShares = ["cpu shares"]
  static let poolCPUExpandable = ["cpu expandablereservation"]
  static let poolMemoryLimit = ["mem limit"]
  static let poolMemoryReservation = ["mem reservation"]
  static let poolMemoryShares = ["mem shares"]
  static let poolMemoryExpandable = ["mem expandablereservation"]
  static let clusterName = ["name", "cluster"]
  static let clusterHosts = ["numhosts", "num hosts"]
  static let clusterCores = ["numcpucores", "num cpu cores"]
  static let haEnabled = ["ha enabled"]
  static let failoverLevel = ["failover level"]
  static let admissionControl = ["admissioncontrolenabled", "admission control enabled"]
  static let drsEnabled = ["drs enabled"]
  static let drsBehaviour = ["drs default vm behavior"]
  static let drsRate = ["drs vmotion rate"]
  static let capacity = ["capacity"]

  static let all = Set(
    [
      vm, power, template, placeholder, cpus, memory, activeMemory, pool, datacenter, cluster, host,
      id, uuid, priority, overall, shares, reservation, limit, entitlement, drsEntitlement,
      consumed, swapped, ballooned, active, speed, sockets, coresPerCPU, cores, hyperThreads,
      cpuUsage, hostMemory, memoryUsage, maintenance, vmCount, vcpuCount, poolName, poolPath,
      poolCPULimit, poolCPUReservation, poolCPUShares, poolCPUExpandable, poolMemoryLimit,
      poolMemoryReservation, poolMemoryShares, poolMemoryExpandable, clusterName, clusterHosts,
      clusterCores, haEnabled, failoverLevel, admissionControl, drsEnabled, drsBehaviour, drsRate,
      capacity,
    ].flatMap { $0 })
}
