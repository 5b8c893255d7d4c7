/// A kind of export that becomes a scenario.
public struct ImportFormat: Sendable {
  /// What the command says: `ballast import NAME PATH`.
  public let name: String
  /// One line for people.
  public let summary: String
  let read:
    @Sendable (String, ImportOptions, inout ImportReport) throws(ImportError) -> ImportedEstate

  /// All formats. To add one: a file in Formats/ and a line here.
  public static let catalog: [ImportFormat] = [
    .rvtools, .vcenter, .esxtop, .domstats, .libvirt, .vmware, .sadf, .azureArrivals,
  ]

  public static func named(_ name: String) -> ImportFormat? {
    catalog.first { $0.name == name }
  }

  /// Reads an export.
  ///
  /// - Throws: where nothing can be made of it; what can be mended is in the report.
  public func open(
    _ path: String, _ options: ImportOptions = ImportOptions()
  ) throws(ImportError) -> (estate: ImportedEstate, report: ImportReport) {
    var report = ImportReport(source: path)
    let estate = try read(path, options, &report)
    return (estate, report)
  }
}
