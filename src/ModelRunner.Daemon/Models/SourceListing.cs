using ModelRunner.Configuration;
using ModelRunner.Store.Foreign;

namespace ModelRunner.Daemon.Models;

/// <summary>What the last scan of one tool's stores found.</summary>
/// <param name="Kind">The tool.</param>
/// <param name="Content">The models and problems.</param>
internal sealed record SourceListing(SourceKind Kind, ForeignListing Content);
