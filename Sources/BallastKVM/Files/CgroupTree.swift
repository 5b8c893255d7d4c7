/// Where the CPU and memory controllers of this host are mounted.
struct CgroupTree: Sendable, Equatable {
  var version = CgroupVersion.v2
  /// Absolute paths on the host; nil where the controller is not mounted. In v2 both are the same.
  var cpu: String?
  var memory: String?
}

extension HostFiles {
  /// From /proc/mounts. A host with some controllers in v1 and an empty v2 beside them is a v1 host: what counts is where
  /// the CPU controller is. Without /proc/mounts the usual place tells.
  func cgroups() -> CgroupTree {
    var tree = CgroupTree()
    guard let mounts = try? SmallFile.read(path("/proc/mounts")) else {
      let usual = "/sys/fs/cgroup"
      if (try? SmallFile.read(path(usual + "/cgroup.controllers"))) != nil {
        (tree.cpu, tree.memory) = (usual, usual)
      } else if !SmallFile.entries(of: path(usual)).isEmpty {
        tree = CgroupTree(version: .v1, cpu: usual + "/cpu", memory: usual + "/memory")
      }
      return tree
    }
    var unified: String?
    var legacy = CgroupTree(version: .v1)
    for line in mounts.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 4 else { continue }
      if words[2] == "cgroup2" { unified = unified ?? String(words[1]) }
      guard words[2] == "cgroup" else { continue }
      let options = words[3].split(separator: ",")
      if options.contains("cpu") { legacy.cpu = legacy.cpu ?? String(words[1]) }
      if options.contains("memory") { legacy.memory = legacy.memory ?? String(words[1]) }
    }
    if legacy.cpu != nil { return legacy }
    (tree.cpu, tree.memory) = (unified, legacy.memory ?? unified)
    return tree
  }

  /// The groups of a domain whose QEMU has this process id: above those that libvirt makes for vCPUs and the emulator.
  func group(ofProcess process: Int64) -> CgroupFolder? {
    guard let text = try? SmallFile.read(path("/proc/\(process)/cgroup")) else { return nil }
    let tree = cgroups()
    var group = CgroupFolder(files: self, version: tree.version)
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let folder = Self.domainGroup(parts[2])
      let controllers = parts[1].split(separator: ",")
      if tree.version == .v2, parts[0] == "0", let mount = tree.cpu {
        group.cpu = mount + folder
        group.memory = mount + folder
        group.mount = mount
      } else if tree.version == .v1 {
        if controllers.contains("cpu"), let mount = tree.cpu { group.cpu = mount + folder }
        if controllers.contains("memory"), let mount = tree.memory { group.memory = mount + folder }
      }
    }
    return group.cpu == nil && group.memory == nil ? nil : group
  }

  /// "/machine/qemu-1-a.libvirt-qemu/libvirt/emulator" is in "/machine/qemu-1-a.libvirt-qemu".
  static func domainGroup(_ path: Substring) -> String {
    var parts = path.split(separator: "/")
    while let last = parts.last,
      last == "emulator" || last == "libvirt" || last.hasPrefix("vcpu")
        || last.hasPrefix("iothread")
    {
      parts.removeLast()
    }
    return parts.map { "/" + $0 }.joined()
  }
}
