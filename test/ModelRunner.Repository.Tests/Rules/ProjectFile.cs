using System.Xml.Linq;

namespace ModelRunner.Repository.Tests.Rules;

/// <summary>What a project file says of its references.</summary>
internal sealed class ProjectFile(RepositoryFile file)
{
    private readonly XElement _root = XElement.Parse(file.Text);

    /// <summary>The names of the projects that it compiles against, in order.</summary>
    public IReadOnlyList<string> Projects => [.. _root.Descendants("ProjectReference")
        .Where(static reference => (string?)reference.Attribute("ReferenceOutputAssembly") != "false")
        .Select(static reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!))
        .Order(StringComparer.Ordinal)];

    /// <summary>The packages that its output needs, in order.</summary>
    public IReadOnlyList<string> Packages => [.. _root.Descendants("PackageReference")
        .Where(static reference => (string?)reference.Attribute("PrivateAssets") != "all" && reference.Attribute("Include") is not null)
        .Select(static reference => (string)reference.Attribute("Include")!)
        .Order(StringComparer.Ordinal)];

    /// <summary>The value of a property, where it is set.</summary>
    public string? Property(string name) => _root.Descendants(name).FirstOrDefault()?.Value;
}
