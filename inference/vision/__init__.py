"""Pure image code: decoding, detection, alignment, crops, quality and lip features, without any server."""
