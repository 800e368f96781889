"""What the encoders share: pretrained networks of transformers, their processors, ruCLIP's file format."""
