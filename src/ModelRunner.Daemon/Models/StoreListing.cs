namespace ModelRunner.Daemon.Models;

/// <summary>What one look at the model store found.</summary>
/// <param name="Models">The models in ordinal order of their paths.</param>
/// <param name="Problems">What could not be looked at or used, one sentence each, without any absolute path.</param>
internal sealed record StoreListing(IReadOnlyList<ModelFile> Models, IReadOnlyList<string> Problems);
