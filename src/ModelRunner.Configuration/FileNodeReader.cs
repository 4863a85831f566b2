using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ModelRunner.Configuration;

/// <summary>Reads JSON with comments and trailing commas into nodes that know their lines. Reports duplicate names.</summary>
internal ref struct FileNodeReader(ReadOnlySpan<byte> json, string fileName, List<ConfigurationProblem> problems)
{
    /// <summary>Deeper than any of our keys.</summary>
    private const int MaxDepth = 16;

    private readonly ReadOnlySpan<byte> _json = json;

    private Utf8JsonReader _reader = new(json, new JsonReaderOptions
    {
        AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = MaxDepth,
    });

    private int _line = 1;
    private int _counted;

    /// <summary>Reads the whole text.</summary>
    /// <exception cref="JsonException">It is not JSON; the exception holds line and column from 0.</exception>
    public FileNode Read()
    {
        _reader.Read();
        FileNode root = ReadValue("");

        // The reader throws here if anything follows the value.
        _reader.Read();
        return root;
    }

    private FileNode ReadValue(string path)
    {
        int line = CountLines();
        return _reader.TokenType switch
        {
            JsonTokenType.StartObject => new FileNode(JsonValueKind.Object, path, line, "") { Members = ReadMembers(path) },
            JsonTokenType.StartArray => new FileNode(JsonValueKind.Array, path, line, "") { Items = ReadItems(path) },
            JsonTokenType.String => new FileNode(JsonValueKind.String, path, line, ReadText(path, line)),
            JsonTokenType.Number => new FileNode(JsonValueKind.Number, path, line, Encoding.UTF8.GetString(_reader.ValueSpan)),
            JsonTokenType.True => new FileNode(JsonValueKind.True, path, line, "true"),
            JsonTokenType.False => new FileNode(JsonValueKind.False, path, line, "false"),
            _ => new FileNode(JsonValueKind.Null, path, line, "null"),
        };
    }

    private List<KeyValuePair<string, FileNode>> ReadMembers(string path)
    {
        var members = new List<KeyValuePair<string, FileNode>>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            int line = CountLines();
            string name = ReadText(path, line);
            string memberPath = Join(path, name);
            _reader.Read();
            FileNode value = ReadValue(memberPath);
            if (names.Add(name))
                members.Add(KeyValuePair.Create(name, value));
            else
                problems.Add(new ConfigurationProblem(FileLocation.Format(fileName, line, memberPath), null, "is written twice", "keep one of them"));
        }

        return members;
    }

    private readonly string ReadText(string path, int line)
    {
        try
        {
            return _reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            string location = FileLocation.Format(fileName, line, path);
            problems.Add(new ConfigurationProblem(
                location, null, "has an escape such as \"\\ud800\" that is only half of a character", "write the whole character"));
            return "";
        }
    }

    private List<FileNode> ReadItems(string path)
    {
        var items = new List<FileNode>();
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
            items.Add(ReadValue(string.Create(CultureInfo.InvariantCulture, $"{path}[{items.Count}]")));
        return items;
    }

    private int CountLines()
    {
        int start = (int)_reader.TokenStartIndex;
        _line += _json[_counted..start].Count((byte)'\n');
        _counted = start;
        return _line;
    }

    private static string Join(string path, string name)
    {
        bool isPlain = name.Length > 0 && name.AsSpan().IndexOfAnyExcept(FileLocation.PlainNameCharacters) < 0;
        return (isPlain, path.Length) switch
        {
            (true, 0) => name,
            (true, _) => $"{path}.{name}",
            _ => $"{path}[\"{name}\"]",
        };
    }
}
