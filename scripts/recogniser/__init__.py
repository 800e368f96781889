"""How the recogniser of meme lettering is made: lines painted and cut, a network, its training, its export."""
