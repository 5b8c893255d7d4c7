import BallastImport

/// The part of `compare` that holds an RVTools export against a run: lines for people, and the whole as values.
///
/// - Throws: an exit code, after saying what is wrong.
func correlation(rvtools export: String, run directory: String) throws -> EntitlementComparison {
  do throws(ImportError) {
    let options = ImportOptions()
    let (estate, report) = try ImportFormat.named("rvtools")!.open(export, options)
    return try compareEntitlements(estate, options, report, run: directory)
  } catch {
    note("ballast: \(error)")
    throw (error.isMissing ? Exit.fileMissing : Exit.scenarioWrong).code
  }
}
