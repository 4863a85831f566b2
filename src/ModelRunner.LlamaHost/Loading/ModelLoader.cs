using LLama.Exceptions;
using LLama.Native;
using ModelRunner.LlamaHost.Arguments;
using ModelRunner.LlamaHost.Diagnostics;
using ModelRunner.LlamaHost.Native;

namespace ModelRunner.LlamaHost.Loading;

/// <summary>Loads a GGUF file and creates a context for it.</summary>
internal static class ModelLoader
{
    /// <summary>Loads the model. Takes as long as reading the file.</summary>
    /// <exception cref="ModelLoadException">The file cannot be used, or there is not enough memory.</exception>
    public static LoadedModel Load(HostSettings settings)
    {
        HostLog.Info($"srv  load_model: loading model '{settings.ModelPath}'");
        SafeLlamaModelHandle model = LoadWeights(settings.ModelPath);
        try
        {
            // The library's own wrapper ignores a failed allocation of a context and crashes at its first use; hence the check of IsInvalid.
            SafeLLamaContextHandle context = SafeLLamaContextHandle.Create(model, ContextOf(settings, model));
            if (context.IsInvalid)
                throw new ModelLoadException($"failed to create_context with model '{settings.ModelPath}'");
            return new LoadedModel(settings, model, context);
        }
        catch (Exception failure) when (failure is ModelLoadException or RuntimeError)
        {
            model.Dispose();
            throw failure as ModelLoadException ?? new ModelLoadException($"failed to create_context with model '{settings.ModelPath}'");
        }
    }

    private static SafeLlamaModelHandle LoadWeights(string path)
    {
        try
        {
            LayerLimit.Check(path);
            LLamaModelParams parameters = LLamaModelParams.Default();
            parameters.n_gpu_layers = 0;
            return SafeLlamaModelHandle.LoadFromFile(path, parameters);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelLoadException($"gguf_init_from_file: failed to open GGUF file '{path}' (No such file or directory)");
        }
        catch (UnauthorizedAccessException)
        {
            throw new ModelLoadException($"gguf_init_from_file: failed to open GGUF file '{path}' (Permission denied)");
        }
        catch (Exception failure) when (failure is LoadWeightsFailedException or IOException or InvalidOperationException)
        {
            throw new ModelLoadException($"failed to load model, '{path}'");
        }
    }

    private static LLamaContextParams ContextOf(HostSettings settings, SafeLlamaModelHandle model)
    {
        int threads = settings.Threads > 0 ? settings.Threads : ThreadCount.Choose(model.SizeInBytes, ThreadCount.PhysicalCores());
        int context = ContextSize.Choose(settings.ContextSize, model.ContextSize, settings.SlotCount);
        int batch = BatchSize.Choose(settings.BatchSize, settings.IsEmbedding, context, settings.SlotCount);
        if (settings.BatchSize > 0 && settings.BatchSize < settings.SlotCount)
        {
            HostLog.Warning(FormattableString.Invariant(
                $"srv  load_model: --batch-size {settings.BatchSize} has no room for --parallel {settings.SlotCount}; it is raised to {batch}"));
        }

        LLamaContextParams parameters = LLamaContextParams.Default();
        parameters.n_ctx = (uint)context;
        parameters.n_batch = parameters.n_ubatch = (uint)batch;
        parameters.n_seq_max = (uint)settings.SlotCount;
        parameters.n_threads = threads;
        parameters.n_threads_batch = settings.BatchThreads > 0 ? settings.BatchThreads : threads;
        parameters.kv_unified = false;
        parameters.no_perf = true;
        parameters.embeddings = settings.IsEmbedding;
        if (settings.IsEmbedding)
            parameters.llama_pooling_type = settings.Pooling;
        parameters.abort_callback = Abortion.Callback;
        return parameters;
    }
}
