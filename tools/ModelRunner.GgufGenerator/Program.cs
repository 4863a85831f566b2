using System.Globalization;
using ModelRunner.GgufGenerator.Gguf;
using ModelRunner.GgufGenerator.Models;

const string Usage = """
    gguf-generator: makes the demo models of model-runner

      gguf-generator text FILE [--seconds N] [--type q8_0|f16|f32]   the chat model, trained for N seconds (120); 0: random weights
      gguf-generator bert FILE [--type q8_0|f16|f32]                 the embedding model
    """;

if (args.Length < 2 || args.Length % 2 != 0)
    return Fail(Usage);

double seconds = 120;
GgmlType? type = null;
for (int i = 2; i < args.Length; i += 2)
{
    if (args[i] == "--seconds" && double.TryParse(args[i + 1], NumberStyles.Float, CultureInfo.InvariantCulture, out seconds)
        && seconds is >= 0 and < 1e6)
        continue;
    if (args[i] != "--type" || !Enum.TryParse(args[i + 1], ignoreCase: true, out GgmlType parsed) || !Enum.IsDefined(parsed))
        return Fail($"error: \"{args[i]} {args[i + 1]}\" is not understood.\n\n{Usage}");
    type = parsed;
}

GgufWriter? model = args[0] switch
{
    "text" => ChatModel.Make(type ?? GgmlType.Q8_0, TimeSpan.FromSeconds(seconds), 30_000, Console.Error.WriteLine),
    "bert" => EmbeddingModel.Make(type ?? GgmlType.F16),
    _ => null,
};
if (model is null)
    return Fail($"error: there is no model \"{args[0]}\".\n\n{Usage}");

using (FileStream file = File.Create(args[1]))
    model.Write(file);
return 0;

static int Fail(string text)
{
    Console.Error.WriteLine(text);
    return 2;
}
