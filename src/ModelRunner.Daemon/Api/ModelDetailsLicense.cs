using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>The text of a licence.</summary>
/// <param name="Digest">The file.</param>
/// <param name="Title">Its first line.</param>
/// <param name="Text">The whole text; null: nobody asked for it, or it is too long.</param>
internal sealed record ModelDetailsLicense(Digest Digest, string Title, string? Text);
