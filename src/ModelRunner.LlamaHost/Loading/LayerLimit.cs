using System.Globalization;
using ModelRunner.Gguf;

namespace ModelRunner.LlamaHost.Loading;

/// <summary>
/// Refuses a model with more layers than llama.cpp has room for: llama.cpp would abort the whole process. Everything else that is wrong with
/// a file llama.cpp reports itself.
/// </summary>
internal static class LayerLimit
{
    /// <summary>The most layers that llama.cpp has room for (<c>LLAMA_MAX_LAYERS</c>).</summary>
    public const long MaxLayers = 512;

    /// <summary>Checks the file of a model. A file whose header cannot be read passes.</summary>
    /// <exception cref="ModelLoadException">It has more layers than <see cref="MaxLayers"/>.</exception>
    public static void Check(string path)
    {
        using FileStream file = File.OpenRead(path);
        if (ReadLayers(file) is not { } layers || layers <= MaxLayers)
            return;
        throw new ModelLoadException(string.Create(
            CultureInfo.InvariantCulture,
            $"error loading model: the file says that it has {layers} layers; llama.cpp has room for {MaxLayers}"));
    }

    /// <summary>Reads the number of layers; null where the header cannot be read or the file is incomplete.</summary>
    public static long? ReadLayers(Stream file)
    {
        try
        {
            GgufReadOutcome outcome = GgufHeaderReader.Read(file);
            return outcome.Header?.BlockCount ?? outcome.ImpossibleLayers;
        }
        catch (IOException)
        {
            // llama.cpp reads the file next and reports the error.
            return null;
        }
    }
}
