/** Invitations as QR codes: what is in them is the link and nothing else. */

/** Draws a link as an SVG picture, or with block characters for a terminal. */
export async function drawQrCode(link: string, form: 'svg' | 'terminal'): Promise<string> {
  const { default: qrcode } = await import('qrcode');
  return qrcode.toString(link, { type: form === 'svg' ? 'svg' : 'utf8', errorCorrectionLevel: 'M' });
}
