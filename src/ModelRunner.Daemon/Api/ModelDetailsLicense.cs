using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>The text of a licence.</summary>
/// <param name="Digest">The file.</param>
/// <param name="Title">Its first line.</param>
/// <param name="Text">The whole text; null: nobody asked for it, or it has a problem.</param>
/// <param name="Problem">Why the whole text cannot be shown, a clause; null: it can.</param>
internal sealed record ModelDetailsLicense(Digest Digest, string Title, string? Text, string? Problem = null);
