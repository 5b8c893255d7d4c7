import BallastUnits

extension RVToolsReader {
  /// Holds totals that the export states about hosts and clusters against what its own rows add up to.
  mutating func compareTotals(_ hosts: Tab?, _ clusters: Tab?) {
    if let hosts { compareHosts(hosts) }
    if let clusters { compareClusters(clusters) }
  }

  private mutating func compareHosts(_ tab: Tab) {
    guard tab.has(Headings.host) else { return }
    var running: [String: (vms: Int64, vcpus: Int64)] = [:]
    for vm in estate.vms where vm.isOn && !vm.isTemplate {
      running[vm.host ?? "", default: (0, 0)].vms += 1
      running[vm.host ?? "", default: (0, 0)].vcpus += vm.vcpus ?? 0
    }
    for row in tab.sheet.rows {
      let name = tab.text(row, Headings.host)
      // Hosts that no VM names are reported when VMs are placed.
      guard let counted = running[name] else { continue }
      if let said = tab.whole(row, Headings.vmCount, &report), said != counted.vms {
        report.add(
          .contradiction, "\"# VMs\" of a host is not the number of powered-on VMs of vInfo on it",
          at: tab.place(row, Headings.vmCount), "\(name): \(said) and \(counted.vms)")
      }
      if let said = tab.whole(row, Headings.vcpuCount, &report), said != counted.vcpus {
        report.add(
          .contradiction, "\"# vCPUs\" of a host is not the sum of its powered-on VMs of vInfo",
          at: tab.place(row, Headings.vcpuCount), "\(name): \(said) and \(counted.vcpus)")
      }
    }
  }

  private mutating func compareClusters(_ tab: Tab) {
    guard tab.has(Headings.clusterName) else { return }
    for row in tab.sheet.rows {
      let name = tab.text(row, Headings.clusterName)
      let hosts = estate.hosts.filter { $0.cluster == name }
      if let said = tab.whole(row, Headings.clusterHosts, &report), said != hosts.count {
        report.add(
          .contradiction, "\"NumHosts\" of a cluster is not the number of its usable rows in vHost",
          at: tab.place(row, Headings.clusterHosts), "\(name): \(said) and \(hosts.count)")
      }
      let cores = hosts.reduce(0) { $0 + $1.cores }
      if let said = tab.whole(row, Headings.clusterCores, &report), said != cores {
        report.add(
          .contradiction, "\"NumCpuCores\" of a cluster is not the sum of its hosts in vHost",
          at: tab.place(row, Headings.clusterCores), "\(name): \(said) and \(cores)")
      }
    }
  }
}
