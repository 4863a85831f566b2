namespace ModelRunner.Store.Foreign;

/// <summary>A store of another tool whose files are named by their digest.</summary>
/// <param name="Tool">The name of the tool, for people.</param>
/// <param name="Layout">How its files are named.</param>
/// <param name="Folder">Absolute path. It need not exist.</param>
internal sealed record ContentPlace(string Tool, ContentLayout Layout, string Folder);
