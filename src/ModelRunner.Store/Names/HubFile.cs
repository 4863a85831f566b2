namespace ModelRunner.Store.Names;

/// <summary>One file of a repository of Hugging Face, as a person wrote its address.</summary>
/// <param name="Revision">The branch, tag or commit.</param>
/// <param name="Path">The path in the repository, not escaped.</param>
internal sealed record HubFile(string Revision, string Path)
{
    /// <summary>The branch that is read if no other revision is wanted.</summary>
    public const string Main = "main";

    /// <summary>The first file of the same model, if this is one of several parts.</summary>
    public HubFile First => ShardName.TryParse(Path, out ShardName shard) ? this with { Path = shard.PathOf(1) } : this;

    /// <summary>Revision and path as a part of an address.</summary>
    public string Escaped => $"{Uri.EscapeDataString(Revision)}/{string.Join('/', Path.Split('/').Select(Uri.EscapeDataString))}";

    /// <summary>What tells it from other files of the repository.</summary>
    public override string ToString() => $"{Revision}/{Path}";
}
