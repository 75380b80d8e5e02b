import { Forward } from '../../lib';

/** Who may watch. */
const viewers = ['198.51.100.0/24'];

/**
 * An IP camera at 10.0.1.30: RTSP, by which a player requests the picture, and the ports that the picture is sent from.
 * Give the camera a fixed range of RTP ports. The range is not shifted, since the camera tells players these port
 * numbers.
 *
 * Players that receive the picture inside the RTSP connection (`ffplay -rtsp_transport tcp`) need only `rtsp`. Over UDP
 * the player sends the first datagram, as ffmpeg, GStreamer and VLC do behind every NAT, and the camera replies to its
 * source.
 */
export const camera = {
  rtsp: Forward.tcp({ listen: 554, to: '10.0.1.30:554', engine: 'iptables', allowFrom: viewers }),
  media: Forward.udp({ listen: '6970-6999', to: '10.0.1.30:6970-6999', engine: 'iptables', allowFrom: viewers }),
};
